import type { FetchApp, Logger } from "../../index.js";
import { CallQueue } from "../call-queue.js";
import { Dispatcher } from "../dispatcher.js";
import { HttpBridge } from "../http/bridge.js";
import { createGuardedLogger } from "../logger.js";
import { type Call, HOOK, type NativeDialogue, native } from "../native.js";
import { createWaker, keep, release } from "../waker.js";
import { Engine } from "./engine.js";
import type { EngineSettings } from "./engine-options.js";
import type { Front, ListeningAddress } from "./front.js";
import { Hub } from "./hub.js";
import { invalidUse } from "./option-error.js";

const REASON = "server shutting down";

/** One engine of a server, from when it is attached to when it is closed. */
interface Carried {
  readonly native: NativeDialogue;
  readonly queue: CallQueue;
  readonly engine: Engine;
  readonly bridge: HttpBridge | undefined;
}

/** What a hub needs of the world, and the engine that carries it: another one each time a server is attached. */
export class Carrier {
  readonly hub: Hub;
  readonly log: Logger;
  readonly #dispatcher: Dispatcher;
  #current: Carried | undefined;
  /** Milliseconds that middleware may take. */
  #timeout = 0;

  constructor(logger: Logger) {
    this.log = createGuardedLogger(logger);
    this.#dispatcher = new Dispatcher(this.log);
    const drain = () => this.#current?.queue.drain();
    this.hub = new Hub({ dispatcher: this.#dispatcher, log: this.log, drain, timeout: () => this.#timeout });
  }

  /**
   * Makes an engine. What is not Socket.IO's goes to `app`, where there is one.
   *
   * @param timeout Milliseconds that a function of the program may take to decide.
   * @returns `io.engine`, and what listens.
   */
  open(
    config: Record<string, unknown>,
    settings: EngineSettings,
    timeout: number,
    app?: FetchApp,
  ): { engine: Engine; front: Front } {
    this.#timeout = timeout;
    const waker = createWaker();
    const below: NativeDialogue = new native.NativeDialogue(JSON.stringify(config), waker.wake);
    const queue = new CallQueue(
      (max) => below.drain(max),
      (call, attachments) =>
        this.#dispatcher.observe(`call '${call.k}'`, () => this.#handle(carried, call, attachments)),
      () => {},
    );
    waker.join(queue);
    const bridge = app && new HttpBridge(app, false, below, this.#dispatcher);
    const engine = new Engine(settings, {
      port: below,
      dispatcher: this.#dispatcher,
      timeout,
      setHooks: (mask) => below.setHooks(bridge ? mask | HOOK.http : mask),
      close: () => below.ioCloseAll(),
    });
    const carried: Carried = { native: below, queue, engine, bridge };
    this.#use(carried);
    return { engine, front: this.#front(carried) };
  }

  #use(carried: Carried): void {
    this.#current = carried;
    this.hub.attach(carried.native, (conn) => Engine.request(carried.engine, conn));
  }

  #front(carried: Carried): Front {
    const { native: below, queue } = carried;
    return {
      listen: (port, host) => {
        // An http server that was closed may listen again, with all that was attached to it.
        if (this.#current === undefined) this.#use(carried);
        if (this.#current !== carried)
          throw invalidUse(
            "The Socket.IO server that was attached to this http server is attached elsewhere",
          );
        const address = JSON.parse(below.listen(port, host)) as ListeningAddress;
        keep(carried);
        return address;
      },
      closeListener: () => below.closeListener(),
      setBehind: (path, token) => below.setBehind(path, token),
      keepAlive: (on) => below.keepAlive(on),
      stop: async () => {
        if (this.#current === carried) {
          // Tells every socket before anything else happens, as Socket.IO does.
          this.hub.detach(REASON);
          this.#current = undefined;
        }
        await below.stop();
        queue.drain();
        release(carried);
      },
    };
  }

  #handle(carried: Carried, call: Call, attachments: Buffer[]): void {
    const { bridge, engine } = carried;
    switch (call.k) {
      case "decideRequest":
        Engine.decide(engine, call);
        return;
      case "refused":
        Engine.refused(engine, call);
        return;
      case "http":
        bridge?.handle(call, attachments[0]);
        return;
      case "httpPiece":
      case "httpDrained":
      case "httpAborted":
        bridge?.follow(call, attachments[0]);
        return;
      case "log":
        this.log[call.level]({ message: call.message, atFunction: call.atFunction, data: call.data });
        return;
      case "ioClosed":
        Engine.closed(engine, call.conn);
        break;
      default:
    }
    // What an engine says that is no longer attached concerns nobody: its numbers may be another one's by now. It may be attached again,
    // and waits for what the hub would have answered.
    if (this.#current === carried) this.hub.handle(call, attachments);
    else if (call.k === "ioDisconnected") carried.native.ioForget(call.nsp, call.id, false);
    else if (call.k === "ioTurn") carried.native.ioTurned();
  }
}
