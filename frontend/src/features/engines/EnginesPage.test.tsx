import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";
import { shellAnswers, staff } from "@/test/cast";
import { renderAt } from "@/test/render";
import { json, serve, type Answer } from "@/test/server";

const wireEngine = (status: string) => ({
  engine_id: "whisper",
  stage: "transcribe",
  kind: "command",
  status,
  queue_depth: 5,
  running: 2,
  oldest_wait_ms: null,
  workers: 1,
  models: [],
  p50_ms: null,
  p95_ms: null,
  failure_rate: 0.0312,
  demo: false,
});

const serveEngine = (status: string, more: Record<string, Answer> = {}) =>
  serve({ ...shellAnswers, "GET /api/console/engines": () => json([wireEngine(status)]), ...more });

it.each([
  ["ready", "Pause", "2 running tasks will go on", "pause"],
  ["paused", "Resume", "5 ready tasks may start again", "resume"],
])("asks before it turns an engine that is %s", async (status, label, words, verb) => {
  const path = `/api/console/engines/whisper/${verb}`;
  const asked = serveEngine(status, { [`POST ${path}`]: () => json(wireEngine("ready")) });
  renderAt("/engines?tenant=acme");
  await userEvent.click(await screen.findByRole("button", { name: `${label} whisper` }));
  const dialog = await screen.findByRole("dialog", { name: `${label} whisper?` });
  expect(dialog.textContent).toContain(words);
  await userEvent.click(within(dialog).getByRole("button", { name: `${label} the engine` }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(asked.some(({ method, url }) => method === "POST" && new URL(url).pathname === path)).toBe(true);
});

it("offers it to staff only", async () => {
  serveEngine("available", { "GET /api/console/me": () => json({ ...staff, kind: "key", is_staff: false }) });
  renderAt("/engines");
  await screen.findByText("whisper");
  expect(screen.queryByRole("button", { name: /whisper/ })).toBeNull();
});

it("shows what waits, what runs, how long it takes and how often it fails", async () => {
  const engine = { ...wireEngine("ready"), p50_ms: 1200, p95_ms: 61_000 };
  serve({ ...shellAnswers, "GET /api/console/engines": () => json([engine]) });
  renderAt("/engines");
  const row = await screen.findByRole("row", { name: /whisper/ });
  const cells = within(row).getAllByRole("cell").map((cell) => cell.textContent);
  expect(cells.slice(3, 11)).toEqual(["Ready", "1", "2", "5", "1.2 s", "1 m 1 s", "3.1 %", "–"]);
});
