import type { DialogueContext, EventMessage, HooksConfig } from "../index.js";
import type { Dispatcher } from "./dispatcher.js";
import type { HandlerEntry, RoomState } from "./room.js";

/** What an event's observers are told. */
export interface Accepted {
  readonly room: string;
  readonly message: EventMessage;
  readonly recipients: number;
}

/** What deliveries lean on. */
export interface DeliverySupport {
  readonly dispatcher: Dispatcher;
  readonly hooks: HooksConfig;
  readonly context: DialogueContext;
}

const NOBODY: readonly HandlerEntry[] = [];

/** Events on their way to their observers: `onTriggered`, the handlers of `room.on`, `afterEach`. */
export class Deliveries {
  readonly #support: DeliverySupport;
  /** One inside the other, outermost first; those that have ended are used again. */
  readonly #deliveries: Delivery[] = [];
  #underWay = 0;

  constructor(support: DeliverySupport) {
    this.#support = support;
  }

  /** Tells the observers of an event. */
  tell(event: Accepted, room: RoomState | undefined): void {
    const place = this.#underWay++;
    this.#deliveries[place] ??= new Delivery(this.#support);
    const delivery = this.#deliveries[place];
    try {
      delivery.begin(event, room);
      delivery.goOn();
    } finally {
      delivery.end();
      this.#underWay--;
    }
  }

  /** An observer waits for events that came later: those who have not been told of the earlier ones are told first. */
  finish(): void {
    for (let place = 0; place < this.#underWay; place++) this.#deliveries[place]?.goOn();
  }
}

/** One event on its way. */
class Delivery {
  readonly #support: DeliverySupport;
  #event: Accepted | undefined;
  #room: RoomState | undefined;
  #handlers: readonly HandlerEntry[] = NOBODY;
  /** Whose turn is next: 0 is `onTriggered`, then come the handlers, then `afterEach`. */
  #turn = 0;

  constructor(support: DeliverySupport) {
    this.#support = support;
  }

  begin(event: Accepted, room: RoomState | undefined): void {
    this.#event = event;
    this.#room = room;
    this.#turn = 0;
  }

  end(): void {
    this.#event = undefined;
    this.#room = undefined;
    this.#handlers = NOBODY;
  }

  /** Tells those who were not told. One of them may have it go on before it returns: then nobody is left afterwards. */
  goOn(): void {
    const event = this.#event;
    if (event) while (this.#tellNext(event));
  }

  #tellNext({ room: roomId, message, recipients: recipientCount }: Accepted): boolean {
    const { context, dispatcher, hooks } = this.#support;
    const turn = this.#turn++;
    if (turn === 0) {
      if (hooks.events?.onTriggered)
        dispatcher.observe("events.onTriggered", () => hooks.events?.onTriggered?.(roomId, message));
      return true;
    }
    // What a handler adds is for the next event.
    if (turn === 1) this.#handlers = this.#room?.handlersOf(message.event) ?? NOBODY;
    const entry = this.#handlers[turn - 1];
    if (entry) {
      // What was removed meanwhile is not called any more.
      if (!entry.isOver) dispatcher.observe(`room.on('${message.event}')`, () => entry.handler(message));
      return true;
    }
    if (turn === this.#handlers.length + 1 && hooks.events?.afterEach) {
      const told = { context, roomId, message, recipientCount };
      dispatcher.observe("events.afterEach", () => hooks.events?.afterEach?.(told));
    }
    return false;
  }
}
