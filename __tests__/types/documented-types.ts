/**
 * The documented type page (typescript-types.md), declared verbatim; each declaration that is complete there and ours must be
 * assignable to each other. Where a declaration leans on another of the page, it leans on the package's.
 */
import type * as ours from "dialogue-rs";
import type {
  ConnectedClient,
  CorsConfig,
  Logger,
  EventHistoryConfig as OurEventHistoryConfig,
  JwtClaims as OurJwtClaims,
  Runtime as OurRuntime,
  RuntimeStartOptions as OurRuntimeStartOptions,
  Room,
  Server,
} from "dialogue-rs";
import type { Hono } from "hono";
import type { z } from "zod";

export namespace page {
  export interface EventDefinition<T = unknown> {
    readonly name: string;
    readonly description?: string;
    readonly schema?: z.ZodType<T>;
    readonly history?: EventHistoryConfig;
  }

  export interface EventHistoryConfig {
    /** Whether to store this event type in history */
    enabled: boolean;
    /** Maximum number of events to keep in memory per room */
    limit: number;
  }

  export interface EventMessage<T = unknown> {
    event: string;
    roomId: string;
    data: T;
    from: string;
    timestamp: number;
  }

  export interface DialogueContext {
    io: Server; // Socket.IO server instance
    clients: Record<string, ConnectedClient>; // All connected clients
    rooms: Record<string, Room>; // All active rooms
  }

  export interface AuthData {
    jwt: JwtClaims;
    // Additional authentication fields can be added
  }

  export interface JwtClaims {
    sub: string; // Subject (user ID)
    exp: number; // Expiration timestamp
    iat: number; // Issued at timestamp
    [key: string]: unknown; // Additional custom claims
  }

  export type Runtime = "bun" | "node";

  export interface RuntimeAdapter {
    /** The runtime this adapter targets */
    readonly runtime: Runtime;

    /** Bind the Socket.IO server to the runtime-specific engine */
    bind(io: Server): void;

    /** Start the HTTP server on the given port */
    start(options: RuntimeStartOptions): Promise<void>;

    /** Stop the HTTP server and clean up resources */
    stop(): Promise<void>;
  }

  export interface RuntimeStartOptions {
    port: number;
    app: Hono;
    io: Server;
    corsConfig: CorsConfig | boolean | undefined;
    logger: Logger;
  }
}

type Assignable<From extends To, To> = [From, To];

interface Payload {
  text: string;
}

export type BothWays = [
  Assignable<page.EventDefinition, ours.EventDefinition>,
  Assignable<ours.EventDefinition, page.EventDefinition>,
  Assignable<page.EventDefinition<Payload>, ours.EventDefinition<Payload>>,
  Assignable<ours.EventDefinition<Payload>, page.EventDefinition<Payload>>,
  Assignable<page.EventHistoryConfig, OurEventHistoryConfig>,
  Assignable<OurEventHistoryConfig, page.EventHistoryConfig>,
  Assignable<page.EventMessage, ours.EventMessage>,
  Assignable<ours.EventMessage, page.EventMessage>,
  Assignable<page.EventMessage<Payload>, ours.EventMessage<Payload>>,
  Assignable<ours.EventMessage<Payload>, page.EventMessage<Payload>>,
  Assignable<page.DialogueContext, ours.DialogueContext>,
  Assignable<ours.DialogueContext, page.DialogueContext>,
  Assignable<page.JwtClaims, OurJwtClaims>,
  Assignable<OurJwtClaims, page.JwtClaims>,
  Assignable<page.Runtime, OurRuntime>,
  Assignable<OurRuntime, page.Runtime>,
  Assignable<page.RuntimeAdapter, ours.RuntimeAdapter>,
  Assignable<ours.RuntimeAdapter, page.RuntimeAdapter>,
  Assignable<page.RuntimeStartOptions, OurRuntimeStartOptions>,
  Assignable<OurRuntimeStartOptions, page.RuntimeStartOptions>,
];

/** The page lets fields be added to AuthData: ours may say more. */
export type OneWay = Assignable<ours.AuthData, page.AuthData>;
