import * as fs from 'node:fs';
import { createRequire } from 'node:module';
import * as path from 'node:path';
import { transformSync } from 'esbuild';

/**
 * A module of the handler with its lazy imports turned into `require`, as in the bundle: Jest cannot run an `import()`
 * without a flag of Node, and mocks of the SDK's clients would not reach what is loaded past Jest.
 */
export function commonJs(name: string, load: NodeJS.Require): Record<string, unknown> {
  const file = path.join(__dirname, '..', '..', 'src', 'handler', `${name}.ts`);
  const { code } = transformSync(fs.readFileSync(file, 'utf8'), {
    loader: 'ts',
    format: 'cjs',
    target: 'es2022',
    supported: { 'dynamic-import': false },
    sourcefile: file,
    sourcemap: 'inline',
  });
  const { resolve } = createRequire(file);
  const module = { exports: {} };
  const from = (id: string) => load(id.startsWith('.') ? path.join(path.dirname(file), id) : resolve(id));
  new Function('require', 'module', 'exports', code)(from, module, module.exports);
  return module.exports;
}
