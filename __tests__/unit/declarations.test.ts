import { readFileSync } from "node:fs";
import * as exported from "dialogue-rs";
import * as ofClient from "dialogue-rs/client";
import * as ofSocketIo from "dialogue-rs/socket.io";
import { describe, expect, it } from "vitest";

const read = (name: string): string => readFileSync(new URL(`../../${name}`, import.meta.url), "utf8");

describe("declarations", () => {
  /** What a file declares, and what it hands on, of values. */
  const declared = (name: string): string[] => {
    const text = read(name);
    const own = [...text.matchAll(/^export (?:declare )?(?:function|class|const) (\w+)/gm)];
    const handedOn = [...text.matchAll(/^export \{([^}]+)\} from/gm)].flatMap((match) =>
      match[1]!.split(","),
    );
    const names = [...own.map((match) => match[1]!), ...handedOn.map((each) => each.trim())];
    return [...new Set(names)].filter((each) => each !== "").sort();
  };

  it("what is declared is there, and nothing else", () => {
    expect(declared("index.d.ts")).toEqual(Object.keys(exported).sort());
  });

  it("of the client likewise", () => {
    expect(declared("client.d.ts")).toEqual(Object.keys(ofClient).sort());
  });

  it("of Socket.IO's server likewise", () => {
    expect(declared("socket-io.d.ts")).toEqual(Object.keys(ofSocketIo).sort());
  });

  /** The packages that a file of declarations draws in, by itself or by those beside it. */
  const drawnIn = (name: string, seen = new Set<string>()): string[] => {
    if (seen.has(name)) return [];
    seen.add(name);
    const text = read(name);
    const from = [...text.matchAll(/ from "([^"]+)"/g)].map((match) => match[1]!);
    const types = [...text.matchAll(/<reference types="([^"]+)"/g)].map((match) => `types of ${match[1]}`);
    const packages = from.flatMap((each) =>
      each.startsWith("./") ? drawnIn(each.slice(2).replace(".js", ".d.ts"), seen) : [each],
    );
    return [...new Set([...types, ...packages])].sort();
  };

  it("draws in no more than is needed: the client nothing of Node, Socket.IO's server nothing of Hono or Zod", () => {
    expect(drawnIn("client.d.ts")).toEqual(["@standard-schema/spec", "socket.io-client", "zod"]);
    const ofServer = ["http", "http2", "https", "events"].map((each) => `node:${each}`).sort();
    expect(drawnIn("socket-io.d.ts")).toEqual(["@standard-schema/spec", ...ofServer, "types of node"]);
  });

  it("what is imported on the way exports nothing else", () => {
    expect(declared("options.d.ts")).toEqual([]);
    expect(declared("index.d.ts")).toEqual(expect.arrayContaining(declared("events.d.ts")));
  });

  it("the browser's face of the package is part of it, the very same", async () => {
    const browser: Record<string, unknown> = await import("../../dist/browser.js" as string);
    const names = "defineEvent validateEventData isEventAllowed getEventByName is Ok Err DialogueError";
    expect(Object.keys(browser).sort()).toEqual(names.split(" ").sort());
    expect(declared("events.d.ts")).toEqual(names.split(" ").sort());
    for (const name of Object.keys(browser))
      expect(browser[name]).toBe((exported as Record<string, unknown>)[name]);
  });
});
