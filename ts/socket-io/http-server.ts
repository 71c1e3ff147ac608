import type { LookupAddress } from "node:dns";
import { lookup } from "node:dns";
import { Server as Http, type Server as HttpServer } from "node:http";
import { Server as Https } from "node:https";
import { isIP, Server as NetServer, type Socket } from "node:net";
import { Server as TlsServer } from "node:tls";
import type { Front, ListeningAddress } from "./front.js";
import { type ListenRequest, readListenArguments } from "./listen-arguments.js";
import { listenError } from "./listen-error.js";
import { LocalServer } from "./local-server.js";
import { invalidUse } from "./option-error.js";

/** What of Node's own server has no public name. On Bun only `_unref` is there. */
interface Internals {
  /** Truthy while a server listens: the getter `listening` reads it, and so do programs. */
  _handle?: { close(): void } | object | null;
  _unref?: boolean;
  /** Emits `close` once the connections that Node itself accepted have ended. */
  _emitCloseIfDrained?(): void;
}

const attachments = new WeakMap<HttpServer, Attachment>();

/** Throws where an engine cannot be attached. */
export function checkAttachable(httpServer: HttpServer): void {
  refuseOthers(httpServer);
  attachments.get(httpServer)?.checkFree();
}

/**
 * From now on the engine listens where `httpServer.listen` says, or where it listens already, and passes to it what is not
 * Socket.IO's. `docs/design/attach.md` says how.
 *
 * @returns Whether it is still so: until the http server is closed, or another engine is attached.
 */
export function attach(httpServer: HttpServer, front: Front): () => boolean {
  checkAttachable(httpServer);
  let attachment = attachments.get(httpServer);
  if (attachment) attachment.serve(front);
  else {
    attachment = new Attachment(httpServer, front);
    attachments.set(httpServer, attachment);
  }
  return () => attachment.serves(front);
}

function refuseOthers(httpServer: HttpServer): void {
  // Bun's https server is its http server, in some versions also by name.
  const isHttps = httpServer instanceof TlsServer || (Https !== Http && httpServer instanceof Https);
  if (isHttps) {
    throw invalidUse("dialogue-rs cannot be attached to an https server; let a proxy in front of it end TLS");
  }
  if (httpServer instanceof NetServer && !(httpServer instanceof Http)) {
    throw invalidUse("dialogue-rs cannot be attached to an http2 server, only to one of node:http");
  }
  if (typeof httpServer.address() === "string") {
    throw invalidUse("dialogue-rs cannot be attached to an http server that listens on a path");
  }
  const [major = 0, minor = 0] = (process.versions["bun"] ?? "1.4").split(".").map(Number);
  if (major < 1 || (major === 1 && minor < 4)) {
    throw invalidUse("Attaching to an http server needs Bun 1.4; `new Server(port)` works on this one");
  }
}

/** An http server whose port is the engine's. Its own methods are replaced on this one instance. */
class Attachment {
  readonly #httpServer: HttpServer;
  /** The methods that were replaced. */
  readonly #own: Pick<HttpServer, "listen" | "close" | "address" | "getConnections" | "emit">;
  #front: Front;
  /** From attaching to closing: until then no other engine can be attached. */
  #isTaken = true;
  #local: LocalServer | undefined;
  #address: ListeningAddress | null = null;
  /** The engine's end, from `close` on. */
  #ending: Promise<void> | undefined;
  /** The engine has ended, and nobody was told yet. */
  #hasEnded = false;
  #keepAlive: boolean;
  /** Counts calls of `listen` and `close`: what waits for a name is stale after another one. */
  #turn = 0;

  constructor(httpServer: HttpServer, front: Front) {
    this.#httpServer = httpServer;
    this.#front = front;
    this.#keepAlive = !(httpServer as Internals)._unref;
    const own = (name: "listen" | "close" | "address" | "getConnections" | "emit") =>
      httpServer[name].bind(httpServer) as never;
    this.#own = {
      listen: own("listen"),
      close: own("close"),
      address: own("address"),
      getConnections: own("getConnections"),
      emit: own("emit"),
    };
    this.#replace();
    // A port that Node was still about to take (its name was being looked up) is taken over when it has it, before anyone hears.
    httpServer.prependListener("listening", () => this.#takeOver());
    // Bun tells of a port in the next tick only while it still has it.
    if ("_handle" in httpServer) this.#takeOver();
    else process.nextTick(() => this.#takeOver());
  }

  checkFree(): void {
    if (this.#isTaken)
      throw invalidUse(
        "Another Socket.IO server is attached to this http server: use namespaces of that one, or close it first",
      );
  }

  /** Another engine, for one that has been closed. */
  serve(front: Front): void {
    this.#front = front;
    this.#isTaken = true;
  }

  serves(front: Front): boolean {
    return this.#isTaken && this.#front === front;
  }

  #replace(): void {
    const server = this.#httpServer;
    const methods = {
      listen: (...args: unknown[]) => {
        this.#listen(readListenArguments(args));
        return server;
      },
      close: (callback?: (error?: Error) => void) => {
        this.#close(callback);
        return server;
      },
      address: () => (this.#address === null ? this.#own.address() : { ...this.#address }),
      getConnections: (callback: (error: Error | null, count: number) => void) => {
        this.#own.getConnections((error, count) => callback(error, count + (this.#local?.count ?? 0)));
        return server;
      },
      ref: () => this.#hold(true),
      unref: () => this.#hold(false),
      emit: (event: string, ...args: unknown[]) => {
        if (event === "close") {
          // Node's and Bun's own: of a port that was given up, or before the engine's end.
          if (this.#isRunning() && !this.#hasEnded) return false;
          this.#hasEnded = false;
        }
        return this.#own.emit(event, ...args);
      },
    };
    for (const [name, value] of Object.entries(methods)) {
      Object.defineProperty(server, name, { value, configurable: true, writable: true });
    }
    Object.defineProperty(server, "listening", {
      get: () => this.#address !== null || this.#own.address() !== null,
      configurable: true,
    });
  }

  #isRunning(): boolean {
    return this.#address !== null || this.#ending !== undefined;
  }

  #listen({ port, host, signal, callback }: ListenRequest): void {
    const server = this.#httpServer;
    if (server.listening) {
      const problem = "Listen method has been called more than once without closing.";
      throw Object.assign(new Error(problem), { code: "ERR_SERVER_ALREADY_LISTEN" });
    }
    const turn = ++this.#turn;
    if (callback !== undefined) server.once("listening", callback);
    if (signal !== undefined) closeOn(signal, server);
    const bind = (address: string | undefined): void => {
      if (turn === this.#turn) this.#bind(port, address);
    };
    const look = (): void => {
      if (host === undefined || isIP(host) !== 0) {
        bind(host);
        return;
      }
      lookup(host, (error: Error | null, address: LookupAddress["address"]) => {
        if (error === null) bind(address);
        else if (turn === this.#turn) this.#own.emit("error", error);
      });
    };
    // The engine that was closed has its port no more, but is not gone yet.
    if (this.#ending === undefined) look();
    else void this.#ending.then(look);
  }

  /** Takes the port before it returns; tells so in the next tick, as Node does. */
  #bind(port: number, host: string | undefined): void {
    const server = this.#httpServer;
    try {
      this.#start(port, host);
    } catch (error) {
      process.nextTick(() => this.#own.emit("error", listenError(error, host, port)));
      return;
    }
    const turn = this.#turn;
    process.nextTick(() => {
      if (turn === this.#turn) server.emit("listening");
    });
  }

  #start(port: number, host: string | undefined): void {
    const server = this.#httpServer;
    const local = new LocalServer((socket: Socket) => void server.emit("connection", socket));
    this.#front.setBehind(local.path, local.token);
    try {
      this.#address = this.#front.listen(port, host ?? null);
    } catch (error) {
      void local.close();
      throw error;
    }
    this.#local = local;
    this.#isTaken = true;
    this.#setHandle({});
    if (!this.#keepAlive) this.#front.keepAlive(false);
  }

  /** Node's own listening socket is closed and its port taken, before anything else happens. Its connections stay with it. */
  #takeOver(): void {
    const server = this.#httpServer as HttpServer & Internals;
    const place = this.#own.address();
    if (this.#address !== null || place === null || typeof place === "string") return;
    const handle = server._handle;
    if (handle && "close" in handle) {
      handle.close();
      server._handle = null;
    } else {
      this.#ending = Promise.resolve(); // so that its `close` is not heard
      this.#own.close();
    }
    try {
      this.#start(place.port, place.address);
    } catch (error) {
      process.nextTick(() => this.#own.emit("error", listenError(error, place.address, place.port)));
    } finally {
      this.#ending = undefined;
    }
  }

  #close(callback: ((error?: Error) => void) | undefined): void {
    const server = this.#httpServer;
    this.#turn++;
    this.#isTaken = false;
    if (this.#address === null) {
      this.#own.close(callback);
      return;
    }
    if (callback !== undefined) server.once("close", callback);
    this.#address = null;
    this.#setHandle(null);
    this.#front.closeListener();
    this.#ending = this.#end();
    // What else closing means: idle connections, and the timer that looks for them.
    this.#own.close();
  }

  async #end(): Promise<void> {
    const server = this.#httpServer as HttpServer & Internals;
    await this.#front.stop();
    await this.#local?.close();
    this.#local = undefined;
    this.#ending = undefined;
    this.#hasEnded = true;
    if (server._emitCloseIfDrained) server._emitCloseIfDrained();
    else process.nextTick(() => server.emit("close"));
  }

  #hold(on: boolean): HttpServer {
    this.#keepAlive = on;
    if (this.#address !== null) this.#front.keepAlive(on);
    return this.#httpServer;
  }

  #setHandle(handle: object | null): void {
    const server = this.#httpServer as HttpServer & Internals;
    Object.defineProperty(server, "_handle", { value: handle, configurable: true, writable: true });
  }
}

function closeOn(signal: AbortSignal, server: HttpServer): void {
  const close = (): void => void server.close();
  if (signal.aborted) process.nextTick(close);
  else {
    signal.addEventListener("abort", close, { once: true });
    server.once("close", () => signal.removeEventListener("abort", close));
  }
}
