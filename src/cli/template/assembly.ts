import * as fs from 'node:fs';
import * as path from 'node:path';
import {
  ASSET_RESOURCE_METADATA_PATH_KEY,
  AssetManifestArtifact,
  CloudAssembly,
  type CloudFormationStackArtifact,
  UNKNOWN_ACCOUNT,
  UNKNOWN_REGION,
} from '@aws-cdk/cloud-assembly-api';
import { ArtifactMetadataEntryType } from '@aws-cdk/cloud-assembly-schema';
import { CommandError } from '../errors';
import { parseTemplate, type Template, type TemplateResource } from './template';

/** A stack of a cloud assembly, also one of a stage. */
export interface SynthesizedStack {
  /** What it is deployed under. */
  readonly name: string;
  /** What the CDK CLI calls it. */
  readonly displayName: string;
  /** Undefined where the app leaves it to the deployment. */
  readonly account?: string;
  readonly region?: string;
  readonly template: Template;
  /** What the assembly passes to it, as an old synthesizer does with assets. */
  readonly parameters: Readonly<Record<string, string>>;
  /** The template of a nested stack; undefined when it is not in the assembly. */
  nested(resource: TemplateResource): Template | undefined;
  /** Where the construct of a resource is in the app, as far as the assembly tells. */
  pathOf(logicalId: string): string | undefined;
}

/**
 * The stacks of what `cdk synth` wrote.
 *
 * @param selected Names of stacks, as the CDK CLI knows them or as they are deployed; none for all
 */
export function readAssembly(directory: string, selected: readonly string[]): SynthesizedStack[] {
  const stacks = load(directory).stacksRecursively;
  const isNamed = (stack: CloudFormationStackArtifact, name: string) =>
    [stack.stackName, stack.hierarchicalId, stack.displayName, stack.id].includes(name);
  const unknown = selected.filter((name) => !stacks.some((stack) => isNamed(stack, name)));
  if (unknown.length > 0) {
    throw new CommandError(
      `no stack ${unknown.map((name) => `'${name}'`).join(', ')} in ${directory}; there are: ` +
        stacks.map(({ hierarchicalId }) => hierarchicalId).join(', '),
    );
  }
  return stacks
    .filter((stack) => selected.length === 0 || selected.some((name) => isNamed(stack, name)))
    .map(synthesizedStack);
}

function load(directory: string): CloudAssembly {
  if (!fs.existsSync(path.join(directory, 'manifest.json'))) {
    throw new CommandError(
      `${directory} is not a cloud assembly: run cdk synth first, or name the folder that it wrote with --app`,
    );
  }
  try {
    // A newer version of the CDK adds what these commands do not look at.
    return new CloudAssembly(directory, { skipVersionCheck: true, skipEnumCheck: true });
  } catch (error) {
    throw new CommandError(`${directory} cannot be read: ${(error as Error).message}`);
  }
}

function synthesizedStack(stack: CloudFormationStackArtifact): SynthesizedStack {
  const { account, region } = stack.environment;
  const ids = stack.findMetadataByType(ArtifactMetadataEntryType.LOGICAL_ID);
  return {
    name: stack.stackName,
    displayName: stack.displayName,
    account: account === UNKNOWN_ACCOUNT ? undefined : account,
    region: region === UNKNOWN_REGION ? undefined : region,
    template: stack.template,
    parameters: stack.parameters,
    nested: (resource) => {
      const file = nestedTemplateFile(resource, stack.assembly);
      return file === undefined ? undefined : parseTemplate(fs.readFileSync(file, 'utf8'));
    },
    pathOf: (logicalId) => {
      const paths = ids.filter(({ data }) => data === logicalId).map(({ path: construct }) => construct.slice(1));
      // Nested stacks have logical ids of their own.
      return paths.length === 1 ? paths[0] : undefined;
    },
  };
}

/** Apps can be told to leave the metadata out; the address of the template then has the hash of its file. */
function nestedTemplateFile({ Metadata, Properties }: TemplateResource, assembly: CloudAssembly): string | undefined {
  const url = JSON.stringify(Properties?.TemplateURL) ?? '';
  const files = assembly.artifacts
    .filter((artifact) => AssetManifestArtifact.isAssetManifestArtifact(artifact))
    .flatMap(({ contents }) => Object.entries(contents.files ?? {}));
  const [, asset] = files.find(([hash]) => url.includes(hash)) ?? [];
  const file = Metadata?.[ASSET_RESOURCE_METADATA_PATH_KEY] ?? asset?.source.path;
  const full = typeof file === 'string' ? path.join(assembly.directory, file) : undefined;
  return full !== undefined && fs.existsSync(full) ? full : undefined;
}
