// @ts-check

/**
 * Ends a gate: prints each problem on a line of its own and sets the exit code, or says what holds.
 * @param {readonly string[]} problems
 * @param {string} holds
 */
export function conclude(problems, holds) {
  for (const problem of problems) console.error(`✗ ${problem}`);
  if (problems.length === 0) console.log(`✓ ${holds}`);
  else process.exitCode = 1;
}
