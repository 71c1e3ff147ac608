// The client's suites, in a page. `?control=`: where their servers are commanded; this page's own server has a room `chat`.
import { createDialogueClient } from "dialogue-rs/client";
import { clientComesBack } from "../../suites/client-comes-back.js";
import { clientConnection } from "../../suites/client-connection.js";
import { clientFallback } from "../../suites/client-fallback.js";
import { clientRequests } from "../../suites/client-requests.js";
import { describe, expect, it, type Outcome, run } from "./runner.js";

const page = globalThis as unknown as {
  location: { search: string; port: string };
  told(outcome: Outcome): void;
  finished(): void;
};
const control = () => new URLSearchParams(page.location.search).get("control")!;

clientRequests(control);
clientConnection(control);
clientComesBack(control);
clientFallback(control);

describe("a page's own server", () => {
  for (const url of ["/", "/socket.io", "socket.io/", "//127.0.0.1:PORT"]) {
    it(`is where "${url}" leads`, async () => {
      const client = createDialogueClient({
        url: url.replace("PORT", page.location.port),
        auth: { userId: "ada" },
      });
      try {
        expect((await client.join("chat")).roomName).toBe("The page's own");
      } finally {
        client.disconnect();
      }
    });
  }
});

await run((outcome) => page.told(outcome));
page.finished();
