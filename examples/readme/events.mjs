import { defineEvent } from "dialogue-rs";
import { z } from "zod";

export const Message = defineEvent("message", {
  schema: z.object({ text: z.string().min(1) }),
  history: { enabled: true, limit: 50 },
});
