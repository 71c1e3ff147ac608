/** Forces garbage collection, several times with turns of the event loop between, so that what is resident is in use. */
export async function collect() {
  const once = globalThis.Bun ? () => globalThis.Bun.gc(true) : globalThis.gc;
  for (let i = 0; once && i < 5; i++) {
    once();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
