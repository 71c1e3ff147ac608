import { once } from "node:events";
import type { Server as HttpServer } from "node:http";
import type { Logger, RuntimeStartOptions } from "../../index.js";
import { readLimits } from "../limits-config.js";
import { createDefaultLogger } from "../logger.js";
import { serveBy, startFailure } from "../runtime-adapter.js";
import { Carrier } from "./carrier.js";
import type { Engine } from "./engine.js";
import { normalPath, readEngineOptions } from "./engine-options.js";
import type { Front } from "./front.js";
import { attach, checkAttachable } from "./http-server.js";
import { Hub } from "./hub.js";
import { IoServer } from "./io-server.js";
import { invalidUse, optionError } from "./option-error.js";
import { PortServer } from "./port-server.js";

type Options = Record<string, unknown>;
/** What a server listens with. */
type Listening = Pick<HttpServer, "close">;

/** Milliseconds that middleware may take, as long as a connection may take to join a namespace. */
const DECISION_TIMEOUT = 45_000;
/** Deeper JSON than a program sends is refused; as deep as any runtime's parser goes. */
const JSON_DEPTH = 1_000;

/** An adapter's CORS settings, which are Dialogue's, as Socket.IO has them. */
function corsOf(cors: RuntimeStartOptions["corsConfig"]): unknown {
  if (cors === undefined || cors === true) return { origin: "*" };
  return cors === false ? undefined : cors;
}

/** Bytes of `auth`: as much as a message may have by default, since Socket.IO's own server knows no other bound. */
const AUTH_BYTES = 1_000_000;

/** A Socket.IO server on an engine of its own; that of a Dialogue extends it. */
export class Server extends IoServer {
  /** Absent: the server is a Dialogue's, which overrides all that needs one. */
  readonly #carrier: Carrier | undefined;
  readonly #options: Options;
  #engine: Engine | undefined;
  #httpServer: Listening | undefined;
  /** Whether what was attached last is still in use. */
  #isAttached = () => false;

  constructor(srv?: unknown, options?: Options) {
    const isOptions = typeof srv === "object" && srv !== null && !("listen" in srv);
    const given = (isOptions ? srv : (options ?? {})) as Options;
    const log = (given["logger"] as Logger | undefined) ?? createDefaultLogger();
    const carrier = srv instanceof Hub ? undefined : new Carrier(log);
    super(carrier ? carrier.hub : (srv as Hub));
    this.#carrier = carrier;
    this.#options = carrier ? { ...given } : {};
    if (!carrier) return;
    carrier.hub.cleansUp = Boolean(given["cleanupEmptyChildNamespaces"]);
    serveBy(this, { serve: (options) => this.#serve(options), stop: () => this.close() });
    // What is wrong with them shows where they are given.
    this.#settings({});
    if (given["connectionStateRecovery"]) {
      log.warn({
        message:
          "connectionStateRecovery has no effect: a client that comes back is a new one, and its socket.recovered is false",
        atFunction: "Server",
        data: null,
      });
    }
    if (!isOptions && (srv || srv === 0)) this.attach(srv);
  }

  get engine(): Engine {
    return this.#engine as Engine;
  }

  /** The name that Socket.IO's own code has for it. */
  get eio(): Engine {
    return this.engine;
  }

  get httpServer(): HttpServer {
    return this.#httpServer as HttpServer;
  }

  attach(srv: unknown, options: Options = {}): this {
    if (typeof srv === "function") {
      throw new Error(
        "You are trying to attach socket.io to an express request handler function. Please pass a http.Server instance.",
      );
    }
    this.#checkFree();
    const isPort = typeof srv === "number" || (typeof srv === "string" && !Number.isNaN(Number(srv)));
    if (!isPort) {
      if (typeof (srv as Partial<HttpServer> | null)?.listen !== "function")
        throw invalidUse("attach: expected a port or an http.Server");
      checkAttachable(srv as HttpServer);
    }
    const { settings, config, timeout, host } = this.#settings(options);
    const { engine, front } = this.#open(config, settings, timeout);
    this.#engine = engine;
    if (isPort) this.#listen(front, Number(srv), host);
    else {
      this.#isAttached = attach(srv as HttpServer, front);
      this.#httpServer = srv as HttpServer;
    }
    return this;
  }

  #open(...args: Parameters<Carrier["open"]>): ReturnType<Carrier["open"]> {
    if (!this.#carrier) throw invalidUse("dialogue.io listens with its Dialogue: call dialogue.start()");
    return this.#carrier.open(...args);
  }

  /** One engine carries the sockets: there is no second place for them. */
  #checkFree(): void {
    if (this.#isAttached())
      throw invalidUse("This Socket.IO server is attached already: close it first, or make another one");
  }

  listen(srv: unknown, options?: Options): this {
    return this.attach(srv, options);
  }

  /** Only its own engine: there is no other one here. */
  bind(engine: unknown): this {
    if (engine !== this.#engine)
      throw invalidUse(
        "io.bind takes no other engine than the server's own; on Bun too, new Server(port) or io.listen(port) is all there is to do",
      );
    return this;
  }

  async close(callback?: (error?: Error) => void): Promise<void> {
    const server = this.#httpServer;
    if (server === undefined) {
      this.#carrier?.hub.detach("server shutting down");
      callback?.();
      return;
    }
    await new Promise<void>((resolve) => {
      server.close((error) => {
        callback?.(error);
        resolve();
      });
    });
  }

  path(): string;
  path(value: string): this;
  path(value?: string): string | this;
  path(value?: string): string | this {
    return this.#option("path", value, (path = "/socket.io") => normalPath(String(path)));
  }

  connectTimeout(): number;
  connectTimeout(value: number): this;
  connectTimeout(value?: number): number | this;
  connectTimeout(value?: number): number | this {
    return this.#option("connectTimeout", value, (time) => Number(time) || DECISION_TIMEOUT);
  }

  serveClient(): boolean;
  serveClient(value: boolean): this;
  serveClient(value?: boolean): boolean | this;
  serveClient(value?: boolean): boolean | this {
    return this.#option("serveClient", value, (serves) => serves !== false);
  }

  /** Reads an option, or sets it for the next time that the server is attached. */
  #option<T>(name: string, value: T | undefined, read: (value: unknown) => T): T | this {
    if (value === undefined) return read(this.#options[name]);
    this.#options[name] = value;
    return this;
  }

  #listen(front: Front, port: number, host: string | undefined): PortServer {
    const server = new PortServer(front);
    this.#httpServer = server as unknown as HttpServer;
    this.#isAttached = () => server.listening;
    return server.listen(port, host);
  }

  /** Listens as an adapter says, with an app for what is not Socket.IO's. */
  async #serve({ app, corsConfig, port }: RuntimeStartOptions): Promise<void> {
    this.#checkFree();
    const { settings, config, timeout, host } = this.#settings({ cors: corsOf(corsConfig) });
    const { engine, front } = this.#open(config, settings, timeout, app);
    this.#engine = engine;
    const server = this.#listen(front, port, host);
    await once(server, "listening").catch((error) => {
      throw startFailure(error, port);
    });
  }

  #settings(more: Options) {
    // As in Socket.IO, those of the constructor count before those of `attach`.
    const options = { ...more, ...this.#options };
    const settings = readEngineOptions(options);
    const { host, threads = 1 } = options;
    if (host !== undefined && typeof host !== "string")
      throw optionError("host", "must be an address or a name");
    const limits = readLimits({ hookTimeout: DECISION_TIMEOUT, ...(options["limits"] as object) }, []);
    const config = {
      bare: true,
      ...settings.engine,
      limits: { jsonDepth: JSON_DEPTH, authBytes: AUTH_BYTES, ...limits.json },
      threads,
    };
    return { settings, config, timeout: limits.hookTimeout, host: host as string | undefined };
  }
}
