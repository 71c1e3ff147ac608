import type { Dispatcher } from "../dispatcher.js";
import { type DecideRequest, HOOK, type NativeDialogue, type RefusedRequest } from "../native.js";
import { GuardedEmitter } from "./emitter.js";
import type { EngineSettings } from "./engine-options.js";
import { type Bar, HandshakeDecision, type RequestMiddleware } from "./handshake-decision.js";
import type { HandshakeResponse } from "./handshake-response.js";
import { IncomingRequest } from "./incoming-request.js";
import { serveClientFile } from "./serve-client.js";

/** What `io.engine` asks of the engine below. */
export type RequestPort = Pick<
  NativeDialogue,
  "requestPass" | "requestAnswer" | "requestBar" | "ioConnections"
>;

/** What `io.engine` leans on. */
export interface EngineSupport {
  readonly port: RequestPort;
  readonly dispatcher: Dispatcher;
  /** Bits of the engine's hooks that `io.engine` wants; called each time they change, and at once. */
  readonly setHooks: (mask: number) => void;
  /** Milliseconds that a function of the program may take to decide: `limits.hookTimeout`. */
  readonly timeout: number;
  /** Closes every connection. */
  readonly close: () => void;
}

const CODE = { badRequest: 3, forbidden: 4 };

/** `io.engine`: what a program may see and decide of Engine.IO's requests. */
export class Engine extends GuardedEmitter {
  readonly opts: Record<string, unknown>;
  readonly #settings: EngineSettings;
  readonly #support: EngineSupport;
  readonly #middlewares: RequestMiddleware[] = [];
  /** Requests that were decided here, by the connection that they opened or are about to. */
  readonly #requests = new Map<string, IncomingRequest>();

  constructor(settings: EngineSettings, support: EngineSupport) {
    super(support.dispatcher, "io.engine");
    this.opts = settings.opts;
    this.#settings = settings;
    this.#support = support;
    this.heed();
  }

  /** Connections, whether or not a namespace was joined on them. */
  get clientsCount(): number {
    return this.#support.port.ioConnections();
  }

  /** Has `middleware` see every request that is to open a connection, before it is handled. */
  use(middleware: RequestMiddleware): void {
    if (typeof middleware !== "function") throw new TypeError("the middleware must be a function");
    this.#middlewares.push(middleware);
    this.heed();
  }

  /** Closes every connection. */
  close(): this {
    this.#support.close();
    return this;
  }

  /** Who knows a session's id can speak in its name: the engine makes one that nobody can guess, and no program makes another. */
  get generateId(): never {
    throw noGenerateId();
  }

  set generateId(_generate: unknown) {
    throw noGenerateId();
  }

  /** The engine asks for exactly what somebody decides or listens to. */
  protected override heed(): void {
    const { allowRequest, cors } = this.#settings;
    const decides = this.#middlewares.length > 0 || allowRequest || this.listenerCount("initial_headers") > 0;
    const looks = cors || this.listenerCount("headers") > 0;
    const bits: [number, unknown][] = [
      [HOOK.handshakes, decides],
      [HOOK.requests, looks],
      [HOOK.refusals, this.listenerCount("connection_error") > 0],
    ];
    this.#support.setHooks(bits.reduce((mask, [bit, wanted]) => (wanted ? mask | bit : mask), 0));
  }

  // ---------------------------------------------------------------- for the server around it

  /** The request that opened a connection, where it was decided here. */
  static request(engine: Engine, conn: string): IncomingRequest | undefined {
    return engine.#requests.get(conn);
  }

  /** A connection is over, or was never opened. */
  static closed(engine: Engine, conn: string): void {
    engine.#requests.delete(conn);
  }

  /** The engine asks what becomes of a request. */
  static decide(engine: Engine, call: DecideRequest): void {
    if (call.file === undefined) engine.#decide(call);
    else engine.#serve(call, call.file);
  }

  /** A request was refused by the engine. */
  static refused(engine: Engine, { request, conn, code, message, context }: RefusedRequest): void {
    const known = conn === undefined ? undefined : engine.#requests.get(conn);
    if (conn !== undefined) engine.#requests.delete(conn);
    engine.#tellRefused(known ?? new IncomingRequest(request), code, message, context);
  }

  #decide(call: DecideRequest): void {
    const { conn, ticket } = call;
    const { allowRequest, cors } = this.#settings;
    const { dispatcher, timeout } = this.#support;
    const own = conn === undefined ? [] : this.#middlewares;
    const decision = new HandshakeDecision(call, {
      dispatcher,
      timeout,
      middlewares: cors ? [cors, ...own] : [...own],
      allowRequest,
      decorate: (headers, req) => {
        if (conn !== undefined) this.tell("initial_headers", headers, req);
        this.tell("headers", headers, req);
      },
      done: (res, outcome) => this.#decided(ticket, conn, res, outcome),
    });
    // From here on, since its end may be told before it is decided.
    if (conn !== undefined) this.#requests.set(conn, decision.request);
    decision.run();
  }

  #decided(
    ticket: number,
    conn: string | undefined,
    res: HandshakeResponse,
    outcome: "passed" | "answered" | Bar,
  ): void {
    const { port } = this.#support;
    const headers = res.flatHeaders();
    if (outcome === "passed") {
      if (!port.requestPass(ticket, headers) && conn !== undefined) this.#requests.delete(conn);
      return;
    }
    if (conn !== undefined) this.#requests.delete(conn);
    if (outcome === "answered") {
      port.requestAnswer(ticket, res.statusCode, headers, res.body());
      return;
    }
    const { context, forbidden } = outcome;
    const said = context["message"];
    const message = said === undefined ? null : said instanceof Error ? said.message : String(said);
    // One that is no longer waited for was refused by the engine, which tells that itself.
    if (!port.requestBar(ticket, forbidden, message, headers)) return;
    const code = forbidden ? CODE.forbidden : CODE.badRequest;
    this.#tellRefused(res.req, code, forbidden ? "Forbidden" : "Bad request", context);
  }

  #tellRefused(req: IncomingRequest, code: number, message: string, context: Record<string, unknown>): void {
    this.tell("connection_error", { req, code, message, context });
  }

  /** A file of the client: no middleware is asked, as in Socket.IO, but who may load it from elsewhere is said. */
  #serve(call: DecideRequest, file: string): void {
    const { dispatcher, port, timeout } = this.#support;
    const { cors } = this.#settings;
    const decision = new HandshakeDecision(call, {
      dispatcher,
      timeout,
      middlewares: cors ? [cors] : [],
      allowRequest: undefined,
      decorate: () => {},
      done: (res, outcome) => {
        if (outcome === "answered") {
          port.requestAnswer(call.ticket, res.statusCode, res.flatHeaders(), res.body());
          return;
        }
        void this.#sendFile(call.ticket, file, res);
      },
    });
    decision.run();
  }

  async #sendFile(ticket: number, file: string, res: HandshakeResponse): Promise<void> {
    const answer = await this.#support.dispatcher.result("serveClient", () => serveClientFile(file, res.req));
    const { status, headers, body } =
      typeof answer === "object" ? answer.value : { status: 500, headers: [], body: null };
    this.#support.port.requestAnswer(ticket, status, [...res.flatHeaders(), ...headers], body);
  }
}

const noGenerateId = (): Error =>
  new Error(
    "io.engine.generateId is not supported: a session's id is a secret, and the engine makes it. Use socket.id, or socket.data for a name of your own",
  );
