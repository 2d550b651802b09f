const levels: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};
/** Of no use to who sits in front of it. */
const dull = new Set(['level', 'time', 'pid', 'hostname', 'msg']);

/** Where pino writes: JSON lines for machines, one readable line for a terminal. */
export const logLines = {
  write(line: string): void {
    process.stdout.write(process.stdout.isTTY ? readable(line) : line);
  },
};

function readable(line: string): string {
  const entry = JSON.parse(line) as Record<string, unknown> & { level: number; time: number; msg?: string };
  const fields = Object.entries(entry)
    .filter(([name]) => !dull.has(name))
    .map(([name, value]) => `${name}=${short(value)}`);
  const time = new Date(entry.time).toLocaleTimeString('en-GB');
  return `${[time, (levels[entry.level] ?? '').padEnd(5), entry.msg ?? '', ...fields].join(' ')}\n`;
}

function short(value: unknown): string {
  const text =
    typeof value === 'object' && value !== null && 'message' in value
      ? String(value.message)
      : JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}
