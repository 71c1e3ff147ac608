// What both servers run in JavaScript: the same hooks, and the same blocking.

/** So that the hook does something. */
export const seen = { recipients: 0 };

export const hooks = {
  beforeEach: ({ message }) => ({ isOk: true, value: message }),
  afterEach: ({ recipientCount }) => {
    seen.recipients += recipientCount;
  },
};

/** Blocks the thread for 50 of every 100 ms. */
export function block() {
  setInterval(() => {
    const until = performance.now() + 50;
    while (performance.now() < until);
  }, 100);
}
