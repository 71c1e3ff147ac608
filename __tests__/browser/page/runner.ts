// What the suites know of vitest, in a page: the build puts it in vitest's place. The matchers are vitest's own, and come with it.
import { JestAsymmetricMatchers, JestChaiExpect, JestExtend, setState } from "@vitest/expect";
import * as chai from "chai";

chai.use(JestExtend);
chai.use(JestChaiExpect);
chai.use(JestAsymmetricMatchers);
export const expect = chai.expect as unknown as typeof import("vitest").expect;
setState({ assertionCalls: 0, isExpectingAssertions: false } as never, expect as never);

type Step = () => unknown;
interface Block {
  readonly name: string;
  readonly afterEach: Step[];
  readonly tests: { name: string; run: Step; timeout: number }[];
}

/** How a test went. */
export interface Outcome {
  readonly name: string;
  readonly error?: string;
}

const TIMEOUT = 30_000;
const blocks: Block[] = [];
const block = (): Block => blocks.at(-1)!;

export function describe(name: string, define: Step): void {
  blocks.push({ name, afterEach: [], tests: [] });
  define();
}

export const it = (name: string, run: Step, timeout = TIMEOUT): void =>
  void block().tests.push({ name, run, timeout });
export const afterEach = (step: Step): void => void block().afterEach.push(step);

/** Runs all that was described, one after the other. */
export async function run(tell: (outcome: Outcome) => void): Promise<void> {
  const escaped: unknown[] = [];
  const page = globalThis as unknown as EventTarget;
  page.addEventListener(
    "unhandledrejection",
    (event) => void escaped.push((event as Event & { reason: unknown }).reason),
  );
  for (const { name: suite, tests, afterEach: steps } of blocks) {
    for (const { name, run: test, timeout } of tests) {
      const errors: unknown[] = [];
      for (const step of [test, ...steps]) {
        try {
          await inTime(step, timeout);
        } catch (error) {
          errors.push(error);
        }
      }
      errors.push(...escaped.splice(0));
      const text = errors.map((error) => String((error as Error)?.stack ?? error)).join("\n");
      tell({ name: `${suite} > ${name}`, ...(errors.length > 0 && { error: text }) });
    }
  }
}

function inTime(step: Step, milliseconds: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`it took more than ${milliseconds} ms`)), milliseconds);
    Promise.resolve()
      .then(step)
      .then(() => resolve(), reject)
      .finally(() => clearTimeout(timer));
  });
}
