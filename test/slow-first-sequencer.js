const { sep } = require('node:path');
const Sequencer = require('@jest/test-sequencer').default;

/** Suites that are long, or wait for downloads on a new machine, though their files are small. At the end, they would keep one worker waiting for the other. */
const SLOW = ['examples/java', 'examples/python', 'examples/deployed', 'e2e/supply-chain', 'e2e/emulator', 'e2e/local-tests', 'e2e/image', 'e2e/sam', 'e2e/newest-cdk', 'e2e/scale-out']
  .map((name) => `${sep}test${sep}${name.replaceAll('/', sep)}.test.ts`);

/** Jest's order, which is by the size of files where no earlier run is known, but with slow suites first. */
module.exports = class SlowFirstSequencer extends Sequencer {
  sort(tests) {
    const slow = (test) => SLOW.some((name) => test.path.endsWith(name));
    const sorted = super.sort(tests);
    return [...sorted.filter(slow), ...sorted.filter((test) => !slow(test))];
  }
};
