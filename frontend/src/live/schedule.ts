/** When to do what has piled up. */

/** A hidden tab paints no frames. */
const HIDDEN_MS = 1000;

/** `act` at most once per animation frame, however often it is asked for. */
export function oncePerFrame(act: () => void): () => void {
  let pending = false;
  return () => {
    if (pending) return;
    pending = true;
    let frame = 0;
    const run = () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
      pending = false;
      act();
    };
    const timer = setTimeout(run, HIDDEN_MS);
    frame = requestAnimationFrame(run);
  };
}
