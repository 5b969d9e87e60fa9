// Vitest's reporter for the kind `vitest`: what Vitest itself knows of every test, in one JSON file.
// Its own JSON leaves out retries, errors outside of tests and where an error came from.
// Needs Vitest 3 or later (`onTestRunEnd`).
import { renameSync, writeFileSync } from 'node:fs';

const fault = (error) => ({
  message: String(error?.message ?? error),
  name: String(error?.name ?? ''),
  stack: String(error?.stack ?? ''),
  diff: String(error?.diff ?? ''),
  places: (error?.stacks ?? []).map(({ file, line }) => ({ file, line }))
});

const place = (of) => of.location?.line ?? 0;

export default class {
  onInit(vitest) {
    this.version = vitest.version;
  }

  onTestRunEnd(modules, unhandled, reason) {
    const tests = [];
    const broken = [];
    for (const module of modules) {
      const file = module.moduleId;
      const errors = module.errors().map(fault);
      if (errors.length > 0) broken.push({ file, name: '', line: 0, errors });
      for (const suite of module.children.allSuites()) {
        const errors = suite.errors().map(fault);
        if (errors.length > 0) broken.push({ file, name: suite.fullName, line: place(suite), errors });
      }
      for (const test of module.children.allTests()) {
        const { state, errors = [], note = '' } = test.result();
        const { duration = null, retryCount = 0 } = test.diagnostic() ?? {};
        tests.push({
          file,
          project: test.project.name,
          name: test.fullName,
          line: place(test),
          state,
          note,
          milliseconds: duration,
          retries: retryCount,
          errors: errors.map(fault)
        });
      }
    }
    const path = process.env.RELEASE_MANAGER_RESULTS;
    const said = { vitest: this.version, reason, tests, broken, unhandled: unhandled.map(fault) };
    // Whole or not at all: a file cut short would have to be told from a short one.
    writeFileSync(`${path}.partial`, JSON.stringify(said));
    renameSync(`${path}.partial`, path);
  }
}
