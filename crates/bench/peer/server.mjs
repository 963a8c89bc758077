// The peer of the benchmark: better-auth as its documentation sets it up, on the same PostgreSQL server.
import { hash, verify, Algorithm } from "@node-rs/argon2";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";
import { createServer } from "node:http";
import pg from "pg";

// With equal hash cost: the parameters of ours. Without: its own default.
const cost = { algorithm: Algorithm.Argon2id, memoryCost: 19456, timeCost: 2, parallelism: 1 };
const equalCost = { hash: (password) => hash(password, cost), verify: (given) => verify(given.hash, given.password) };

const auth = betterAuth({
  baseURL: `http://127.0.0.1:${process.env.PORT}`,
  secret: "a secret that protects nothing but a benchmark",
  database: new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 16 }),
  emailAndPassword: { enabled: true, ...(process.env.EQUAL_COST === "yes" ? { password: equalCost } : {}) },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
});

await (await getMigrations(auth.options)).runMigrations();
createServer(toNodeHandler(auth)).listen(Number(process.env.PORT), "127.0.0.1", () => console.log("ready"));
