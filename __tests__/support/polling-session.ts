import { within } from "./deadline.js";
import { type HttpAnswer, type HttpRequestOptions, httpRequest } from "./http-request.js";

/** An Engine.IO session over long-polling, one request at a time as the test says. */
export class PollingSession {
  readonly base: string;
  readonly sessionId: string;
  #unread: string[] = [];

  private constructor(base: string, sessionId: string) {
    this.base = base;
    this.sessionId = sessionId;
  }

  static async open(url: string, path = "/socket.io/"): Promise<PollingSession> {
    const base = `${url}${path}?EIO=4&transport=polling`;
    const answer = await httpRequest(base);
    if (answer.status !== 200) throw new Error(`handshake answered with ${answer.status}: ${answer.body}`);
    const opened = JSON.parse(answer.body.slice(1)) as { sid: string };
    return new PollingSession(base, opened.sid);
  }

  get url(): string {
    return `${this.base}&sid=${this.sessionId}`;
  }

  get(options: HttpRequestOptions = {}): Promise<HttpAnswer> {
    return httpRequest(this.url, options);
  }

  post(
    body: string,
    headers: Record<string, string> = { "content-type": "text/plain;charset=UTF-8" },
  ): Promise<HttpAnswer> {
    return httpRequest(this.url, { method: "POST", body, headers });
  }

  /** Polls until a packet that starts so has come; answers pings on the way, passes over other packets. */
  nextStarting(prefix: string): Promise<string> {
    const found = async (): Promise<string> => {
      for (;;) {
        while (this.#unread.length > 0) {
          const packet = this.#unread.shift()!;
          if (packet === "2") await this.post("3");
          if (packet.startsWith(prefix)) return packet;
        }
        const answer = await this.get();
        if (answer.status !== 200) throw new Error(`poll answered with ${answer.status}: ${answer.body}`);
        this.#unread.push(...answer.body.split("\x1e"));
      }
    };
    return within(found(), `a packet starting with ${prefix}`);
  }

  /** Socket.IO connect; the socket id. */
  async connectNamespace(auth: object = {}): Promise<string> {
    await this.post(`40${JSON.stringify(auth)}`);
    const connected = JSON.parse((await this.nextStarting("40")).slice(2)) as { sid: string };
    await this.nextStarting('42["dialogue:connected"');
    return connected.sid;
  }

  /** A Socket.IO event, and its acknowledgement. */
  async ask(id: number, event: string, payload: object): Promise<any> {
    await this.post(`42${id}${JSON.stringify([event, payload])}`);
    const packet = await this.nextStarting(`43${id}[`);
    return (JSON.parse(packet.slice(`43${id}`.length)) as unknown[])[0];
  }
}
