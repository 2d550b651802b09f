import { expect, test } from 'vitest';
import { askerOf, questionOf } from '../../src/runtime/question.js';
import { OpenQuestions } from '../../supervisors/open-questions.js';

/** A question, and what came of it. */
function asked(): { readonly event: { readonly type: string }; readonly came: unknown[] } {
  const came: unknown[] = [];
  const event = questionOf(
    { type: 'get' },
    {
      answer: (value) => came.push(value) === 1,
      refuse: (error) => came.push(error) === 1,
    },
  );
  return { event, came };
}

test('an event that nobody asked is handed on as it is', () => {
  const event = { type: 'inc' };
  expect(new OpenQuestions().pass(event)).toBe(event);
});

test('a reply goes to whoever asked, and the question is not refused any more', () => {
  const open = new OpenQuestions();
  const [one, other] = [asked(), asked()];
  expect(askerOf(open.pass(one.event))?.answer(1)).toBe(true);
  open.pass(other.event);
  open.refuse('dead');
  open.refuse('dead again');
  expect([one.came, other.came]).toEqual([[1], ['dead']]);
});

test('a refusal of the mailbox inside counts, too', () => {
  const open = new OpenQuestions();
  const { event, came } = asked();
  askerOf(open.pass(event))?.refuse('full');
  open.refuse('dead');
  expect(came).toEqual(['full']);
});

test('what is never answered takes no more room than 10,000 questions', () => {
  const open = new OpenQuestions();
  const all = Array.from({ length: 10_002 }, asked);
  for (const { event } of all) open.pass(event);
  open.refuse('dead');
  expect(all.slice(0, 3).map(({ came }) => came)).toEqual([[], [], ['dead']]);
  expect(all.at(-1)?.came).toEqual(['dead']);
});
