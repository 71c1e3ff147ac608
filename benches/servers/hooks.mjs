// What both servers run in JavaScript: the same hooks, and the same blocking.

/** So that the hook does something. */
let told = 0;

export const hooks = {
  beforeEach: ({ message }) => ({ isOk: true, value: message }),
  afterEach: ({ recipientCount }) => {
    told += recipientCount;
  },
};

/** Blocks the thread for 50 of every 100 ms. */
export function block() {
  setInterval(() => {
    const until = performance.now() + 50;
    while (performance.now() < until);
  }, 100);
}
