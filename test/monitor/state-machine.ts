import jsonata from 'jsonata';

/*
 * Runs a definition of Step Functions in this process, with the reference engine of JSONata and services of the test's
 * own. Only what the definitions of this library use, and no waiting: the emulator runs the same definitions in full.
 */

/** What a call of AWS does; `service:action` is the key. Throws an `AwsError` when the call fails. */
export type Calls = Record<string, (args: Json) => unknown>;

// biome-ignore lint/suspicious/noExplicitAny: JSON has no type
export type Json = any;

/** An error of a service, by the name that Step Functions gives it, such as `Sns.NotFoundException`. */
export class AwsError extends Error {
  constructor(name: string) {
    super(name);
    this.name = name;
  }
}

export interface StateMachineContext {
  readonly Execution: { readonly StartTime: string };
  readonly StateMachine: { readonly Id: string; readonly Name: string };
}

/** The output of an execution; throws what no state has caught. */
export async function execute(
  definition: Json,
  input: Json,
  calls: Calls,
  context: StateMachineContext,
): Promise<{ readonly output: Json; readonly transitions: number }> {
  let transitions = 0;
  const output = await runStates(definition, input, {}, context);
  return { output, transitions };

  async function runStates({ StartAt, States }: Json, first: Json, variables: Json, around: Json): Promise<Json> {
    let [name, value] = [StartAt, first];
    for (;;) {
      transitions++;
      const state = States[name];
      const step = await runState(state, value, variables, around);
      value = step.output;
      if (!step.next) return value;
      name = step.next;
    }
  }

  async function runState(state: Json, value: Json, variables: Json, around: Json): Promise<Step> {
    const scope = (more: Json = {}) => ({ ...variables, states: { input: value, context: around, ...more } });
    /** Assigns and returns what the state, or a rule of it, says; what it says nothing about stays as it is. */
    const leave = async (said: Json, fallback: Json, more: Json = {}): Promise<Json> => {
      const result = said.Output === undefined ? fallback : await evaluate(said.Output, scope(more));
      const assigned = await evaluate(said.Assign ?? {}, scope(more));
      Object.assign(variables, assigned);
      return result;
    };
    if (state.Type === 'Succeed') return { output: value };
    if (state.Type === 'Pass') return { output: await leave(state, value), next: state.Next };
    if (state.Type === 'Choice') {
      for (const rule of state.Choices) {
        if (await evaluate(rule.Condition, scope())) return { output: await leave(rule, value), next: rule.Next };
      }
      return { output: await leave(state, value), next: state.Default };
    }
    try {
      const result =
        state.Type === 'Map'
          ? await runMap(state, scope(), variables, around)
          : await call(state, await evaluate(state.Arguments, scope()));
      return { output: await leave(state, result, { result }), next: state.Next };
    } catch (error) {
      const rule = (state.Catch ?? []).find(({ ErrorEquals }: Json) => names(ErrorEquals, error as Error));
      if (!rule) throw error;
      const errorOutput = { Error: (error as Error).name };
      return { output: await leave(rule, errorOutput, { errorOutput }), next: rule.Next };
    }
  }

  async function runMap(state: Json, scope: Json, variables: Json, around: Json): Promise<Json[]> {
    const results: Json[] = [];
    for (const item of await evaluate(state.Items, scope)) {
      const inside = { ...around, Map: { Item: { Value: item } } };
      const selected = state.ItemSelector
        ? await evaluate(state.ItemSelector, { ...scope, states: { ...scope.states, context: inside } })
        : item;
      results.push(await runStates(state.ItemProcessor, selected, { ...variables }, inside));
    }
    return results;
  }

  async function call({ Resource, Retry = [] }: Json, args: Json): Promise<Json> {
    const [, service] = /^arn:aws:states:::aws-sdk:(\w+:\w+)$/.exec(Resource) ?? [];
    if (!service || !calls[service]) throw new Error(`no call for ${Resource}`);
    for (let attempt = 0; ; attempt++) {
      try {
        return await calls[service](args);
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        const rule = Retry.find(({ ErrorEquals }: Json) => names(ErrorEquals, error));
        if (attempt >= (rule?.MaxAttempts ?? 0)) throw error;
      }
    }
  }
}

function names(errors: string[], { name }: Error): boolean {
  return errors.some((error) => error === name || error === 'States.ALL');
}

interface Step {
  readonly output: Json;
  readonly next?: string;
}

/** Replaces every `{% expression %}` in a template. Throws where one gives nothing, as Step Functions does. */
export async function evaluate(template: Json, variables: Json): Promise<Json> {
  if (Array.isArray(template)) return Promise.all(template.map((entry) => evaluate(entry, variables)));
  if (template !== null && typeof template === 'object') {
    const entries = Object.entries(template).map(async ([key, entry]) => [key, await evaluate(entry, variables)]);
    return Object.fromEntries(await Promise.all(entries));
  }
  const [, expression] = typeof template === 'string' ? (/^{%(.*)%}$/s.exec(template) ?? []) : [];
  if (expression === undefined) return template;
  const engine = jsonata(expression);
  // What Step Functions adds.
  engine.registerFunction('parse', (text: string) => JSON.parse(text));
  const result = await engine.evaluate(undefined, variables);
  if (result === undefined) throw new Error(`nothing comes of ${expression}`);
  // Without the marks that the engine leaves on its arrays.
  return JSON.parse(JSON.stringify(result));
}
