const { TestEnvironment } = require('jest-environment-node');

/** Ends with the first test that fails: a mutant is killed only once. */
module.exports = class extends TestEnvironment {
  failed = false;

  handleTestEvent({ name, test }) {
    if (name === 'test_start' && this.failed) test.mode = 'skip';
    if (name === 'test_done' && test.errors.length > 0) this.failed = true;
  }
};
