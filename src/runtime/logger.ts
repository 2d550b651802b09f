/** A logger of pino's shape: one object of fields, one message. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** The same, but when it throws nobody is harmed; there is nowhere left to say so. */
export function guarded(logger: Logger): Logger {
  const at =
    (level: keyof Logger) =>
    (fields: object, message: string): void => {
      try {
        logger[level](fields, message);
      } catch {}
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

export const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };
