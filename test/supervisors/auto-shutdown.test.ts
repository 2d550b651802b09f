import { expect, test } from 'vitest';
import { endsSupervisor } from '../../supervisors/auto-shutdown.js';

test.each([
  { mode: 'never', significant: true, others: false, ends: false },
  { mode: 'never', significant: true, others: true, ends: false },
  { mode: 'any-significant', significant: true, others: false, ends: true },
  { mode: 'any-significant', significant: true, others: true, ends: true },
  { mode: 'any-significant', significant: false, others: false, ends: false },
  { mode: 'all-significant', significant: true, others: false, ends: true },
  { mode: 'all-significant', significant: true, others: true, ends: false },
  { mode: 'all-significant', significant: false, others: false, ends: false },
] as const)('$mode: significant $significant, others $others', ({ mode, significant, others, ends }) => {
  expect(endsSupervisor(mode, { significant }, () => others)).toBe(ends);
});
