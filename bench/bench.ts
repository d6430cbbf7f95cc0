import '../test/fake/quiet-sdk';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import globalSetup from '../test/support/global-setup';
import { ROOT } from './bundles';
import { coldStart } from './cold-start';
import { deployments } from './deployments';
import { plot } from './plot';
import { figures, page, plainText } from './report';
import { roundTrips } from './round-trips';
import type { Section } from './section';
import { synthesis } from './synthesis';
import { throttling } from './throttling';

const DOCS = path.join(ROOT, 'docs');
const PLOT = 'performance.svg';
const FIGURES = 'figures.md';

/** Measures everything, prints it, and writes the page for the documentation and that of all figures. */
async function main(): Promise<void> {
  await globalSetup();
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-'));
  const parts: ((directory: string) => Promise<Section>)[] = [
    roundTrips,
    coldStart,
    synthesis,
    deployments,
    throttling,
  ];
  const sections: Section[] = [];
  const began = performance.now();
  for (const part of parts) {
    // One part that fails must not take the figures of the others along.
    const section = await part(directory).catch((error: unknown) => {
      console.error(error);
      process.exitCode = 1;
    });
    if (!section) continue;
    console.log(plainText(section));
    sections.push(section);
  }
  const minutes = ((performance.now() - began) / 60_000).toFixed(1);
  if (process.exitCode) throw new Error('something could not be measured: the pages are left as they are');
  const ran = machine();
  fs.writeFileSync(path.join(DOCS, 'performance.md'), page(sections, ran, PLOT, `../bench/${FIGURES}`));
  fs.writeFileSync(path.join(__dirname, FIGURES), figures(sections, ran));
  fs.writeFileSync(path.join(DOCS, PLOT), plot(sections.flatMap(({ comparisons }) => comparisons)));
  console.log(`\ndocs/performance.md, docs/${PLOT} and bench/${FIGURES} written after ${minutes} minutes`);
}

function machine(): string {
  const cpus = os.cpus();
  const load = os.loadavg()[0].toFixed(1);
  return `Node.js ${process.version}, ${cpus.length} × ${cpus[0].model}, ${os.type()}; load at the end ${load}.`;
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
