import { createServer, type Server as HttpServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import native from "#binding";
import type { Front } from "../../ts/socket-io/front.js";
import { attach } from "../../ts/socket-io/http-server.js";

/** An engine with nothing above it, as far as `attach` needs one. */
export function engineFront(drain = 15_000): Front {
  const engine = new native.NativeDialogue(JSON.stringify({ limits: { drain } }), () => {
    while (engine.drain(256) !== null);
  });
  return {
    listen: (port, host) => JSON.parse(engine.listen(port, host)),
    closeListener: () => engine.closeListener(),
    stop: async () => void (await engine.stop()),
    setBehind: (path, token) => engine.setBehind(path, token),
    keepAlive: (on) => engine.keepAlive(on),
  };
}

/** Programs with an engine in front, closed when the test is over. */
export class Attached {
  readonly #servers: HttpServer[] = [];

  /** An http server that an engine is attached to, not listening yet. */
  create(program: RequestListener = (_request, response) => void response.end("program")): HttpServer {
    const server = createServer(program);
    this.attach(server);
    return server;
  }

  attach(server: HttpServer): void {
    attach(server, engineFront());
    this.#servers.push(server);
  }

  /** The same, listening; its URL. */
  serve(program?: RequestListener): { server: HttpServer; url: string; port: number } {
    const server = this.create(program);
    server.listen(0, "127.0.0.1");
    const { port } = server.address() as AddressInfo;
    return { server, port, url: `http://127.0.0.1:${port}` };
  }

  /** Where the server that was attached to last listens. */
  last(): AddressInfo {
    return this.#servers.at(-1)?.address() as AddressInfo;
  }

  async closeAll(): Promise<void> {
    const closing = this.#servers.splice(0).map((server) => closed(server));
    await Promise.all(closing);
  }
}

/** Closes a server and waits for its end; the error that its callback was given. */
export const closed = (server: HttpServer): Promise<Error | undefined> =>
  new Promise((resolve) => void server.close((error) => resolve(error ?? undefined)));
