// Sums a report of vitest's JSON reporter: prints `PASSED FAILED SKIPPED`.
import { readFileSync } from 'node:fs';

const report = JSON.parse(readFileSync(process.argv[2], 'utf8'));
// A file that could not even be loaded has no failed test in it; it counts as one.
const broken = report.testResults.filter(
  (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
);
const failed = report.numFailedTests + broken.length;
console.log(report.numPassedTests, failed, report.numPendingTests + report.numTodoTests);
