/** Waiting, always with an end: a test that waits for something that never comes says what it waited for. */

/** Longer than a machine that is busy with something else takes for anything: nothing waits for it to run out. */
export const PATIENCE = 15_000;

/** The promise's outcome, or an error that names what was awaited. */
export async function within<T>(promise: Promise<T>, what: string, milliseconds = PATIENCE): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${milliseconds} ms for ${what}`)), milliseconds);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/** For state that announces itself by no event: looked at on every turn of the event loop's timers until it holds. */
export async function eventually(
  holds: () => boolean | Promise<boolean>,
  what: string,
  milliseconds = PATIENCE,
): Promise<void> {
  const end = Date.now() + milliseconds;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited ${milliseconds} ms until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

export interface Gate {
  readonly opened: Promise<void>;
  open(): void;
}

/** A promise that the test settles when it wants to. */
export function gate(): Gate {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
