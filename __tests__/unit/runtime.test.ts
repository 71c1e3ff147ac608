import { detectRuntime } from "dialogue-rs";
import { describe, expect, it } from "vitest";

describe("detectRuntime", () => {
  it("names the runtime that this runs on", () => {
    expect(detectRuntime()).toBe("Bun" in globalThis ? "bun" : "node");
  });
});
