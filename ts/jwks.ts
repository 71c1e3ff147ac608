import type { Logger } from "../index.js";

/** Milliseconds that fetching may take, with the body. */
const TIMEOUT = 5_000;
/** Most bytes of a set. The largest in the wild have a tenth. */
const MAX_BYTES = 256 * 1024;

/**
 * Fetches the set of keys when the engine wants it. The engine keeps the keys, and says when: at most one fetch is under way, and
 * names of keys that nobody has cause one a minute.
 */
export class JwksSource {
  readonly #uri: URL;
  readonly #deliver: (setJson: string | null) => string | null;
  readonly #log: Logger;

  /** @param deliver Hands the engine a set, or null for none; gives back what is wrong with it. */
  constructor(uri: URL, deliver: (setJson: string | null) => string | null, log: Logger) {
    this.#uri = uri;
    this.#deliver = deliver;
    this.#log = log;
  }

  /** Settles when the engine has the keys, or knows that there are none to be had. Never rejects. */
  async fetch(): Promise<void> {
    try {
      const wrong = this.#deliver(await this.#load());
      if (wrong !== null) this.#failed(`the set ${wrong}`);
    } catch (error) {
      this.#deliver(null);
      this.#failed(reasonOf(error));
    }
  }

  async #load(): Promise<string> {
    const response = await fetch(this.#uri, {
      // A redirect leads to keys that the program did not name.
      redirect: "error",
      credentials: "omit",
      headers: { accept: "application/jwk-set+json, application/json" },
      signal: AbortSignal.timeout(TIMEOUT),
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new Unusable(`the answer was ${response.status}`);
    }
    return await read(response);
  }

  #failed(reason: string): void {
    // The query may hold something that is not for logs.
    const address = `${this.#uri.origin}${this.#uri.pathname}`;
    const message = `The keys at ${address} could not be fetched: ${reason}`;
    this.#log.warn({ message, atFunction: "jwt.jwksUri", data: { address } });
  }
}

/** Says in our own words what is wrong with an answer. */
class Unusable extends Error {}

async function read(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    // Leaving the loop cancels the rest.
    if (size > MAX_BYTES) throw new Unusable(`it has more than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Why a fetch failed, without the address that the runtime's message may hold. */
function reasonOf(error: unknown): string {
  if (error instanceof Unusable) return error.message;
  const { name, code, cause } = error as { name?: string; code?: unknown; cause?: { code?: unknown } };
  if (name === "TimeoutError") return `no answer within ${TIMEOUT} ms`;
  return String(cause?.code ?? code ?? name);
}
