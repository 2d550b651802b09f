import type { Answer, Service } from './service.js';

/** Requests of a few clients, one after another each, until `stop`. A request that gets no answer counts as `lost`. */
export function requests(service: Service, tokens: readonly string[], clients = 4) {
  const answers = new Map<number, number>();
  const unexpected: Answer[] = [];
  const lost: unknown[] = [];
  let going = true;
  let asked = 0;
  const loops = Array.from({ length: clients }, async (_, client) => {
    for (let n = client; going; n += clients) {
      const token = tokens[n % tokens.length] ?? '';
      asked += 1;
      try {
        const answer = await service.me(token);
        answers.set(answer.code, (answers.get(answer.code) ?? 0) + 1);
        if (answer.code !== 200) unexpected.push(answer);
      } catch (error) {
        lost.push(error);
      }
    }
  });
  return {
    asked: () => asked,
    answers,
    unexpected,
    lost,
    async stop() {
      going = false;
      await Promise.all(loops);
    },
  };
}
