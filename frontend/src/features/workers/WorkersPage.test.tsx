import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";
import { shellAnswers } from "@/test/cast";
import { wireCard, wireCardNode, wireWorker } from "@/test/pool";
import { renderAt } from "@/test/render";
import { json, serve } from "@/test/server";

const DRAIN = "/api/console/workers/w-asr/drain";

function serveWorker(kind: "batch" | "realtime") {
  const worker = wireWorker({ id: "w-asr", name: "asr-1", kind, in_hand: 2 });
  return serve({
    ...shellAnswers,
    "GET /api/console/workers": () => json({ workers: [worker], nodes: [] }),
    [`POST ${DRAIN}`]: () => json(worker),
  });
}

async function drain(minutes: string | null, kind: "batch" | "realtime" = "realtime") {
  const asked = serveWorker(kind);
  renderAt("/workers");
  await userEvent.click(await screen.findByRole("button", { name: "Drain asr-1" }));
  const dialog = await screen.findByRole("dialog", { name: "Drain asr-1?" });
  const field = within(dialog).queryByRole("spinbutton", { name: /minutes/ });
  if (minutes !== null && field) await userEvent.type(field, minutes);
  await userEvent.click(within(dialog).getByRole("button", { name: "Drain" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  const request = asked.find(({ method, url }) => method === "POST" && new URL(url).pathname === DRAIN);
  const body: unknown = await request?.json();
  return { body, field };
}

it("drains with a deadline in seconds", async () => {
  expect((await drain("15")).body).toEqual({ deadline_seconds: 900 });
});

it("drains without one when it is left empty", async () => {
  expect((await drain(null)).body).toEqual({ deadline_seconds: null });
});

it("does not offer one for batch work, which is never cut off", async () => {
  expect((await drain("15", "batch")).field).toBeNull();
});

const CARDS = "GET /api/console/gpus";

async function seeCards(node: Parameters<typeof wireCardNode>[0]) {
  serve({
    ...shellAnswers,
    "GET /api/console/workers": () => json({ workers: [wireWorker()], nodes: [] }),
    [CARDS]: () => json({ seq: 1, nodes: [wireCardNode(node), wireCardNode({ node: "other", cards: [wireCard()] })] }),
  });
  renderAt("/workers");
  return (await screen.findByRole("list", { name: "Cards of hall" })).closest("section");
}

it("shows the cards of each machine beside its workers", async () => {
  const panel = await seeCards({ cards: [wireCard({ used_mb: 2048, total_mb: 8192 })] });
  expect(panel?.textContent).toContain("2.0 GiB of 8.0 GiB");
  expect(screen.queryByRole("list", { name: "Cards of other" })).toBeNull();
});

it("says of a machine whose card is lost that it is degraded, and why", async () => {
  const panel = await seeCards({
    status: "degraded",
    reason: "card_lost",
    cards: [wireCard({ status: "lost", reason: "card_lost", used_mb: null })],
  });
  expect(panel?.textContent).toContain("Memory is not known: lost");
  expect(panel?.textContent).toContain("Degraded");
  expect(panel?.textContent).toContain("card_lost");
});

it("tells a worker that was lost from one that has left", async () => {
  const workers = [wireWorker({ name: "a", status: "offline", lost: true }), wireWorker({ name: "b", status: "offline" })];
  serve({ ...shellAnswers, "GET /api/console/workers": () => json({ workers, nodes: [] }) });
  renderAt("/workers");
  const [first, second] = (await screen.findAllByRole("row")).slice(1);
  expect([first?.textContent, second?.textContent]).toEqual([
    expect.stringContaining("Lost"),
    expect.stringContaining("Offline"),
  ]);
});

it("shows what a realtime worker has in hand, and when it is likely to be empty", async () => {
  const worker = wireWorker({
    name: "asr-1", kind: "realtime", status: "draining", in_hand: 1, empty_in_seconds: 400, models: ["en"],
    sessions_in_hand: [
      { session_id: "s-1234abcd", tenant: "acme", model: "en", status: "active", created_at: "2026-11-22T12:00:00Z" },
    ],
  });
  serve({ ...shellAnswers, "GET /api/console/workers": () => json({ workers: [worker], nodes: [] }) });
  renderAt("/workers");
  const row = await screen.findByRole("row", { name: /asr-1/ });
  expect(row.textContent).toContain("empty in about 6 m 40 s");
  expect(within(row).getByRole("link").getAttribute("href")).toContain("/realtime/sessions/s-1234abcd");
});
