/** How many requests the socket may send: less than the server takes, so that acknowledgements always pass. */

const BURST = 20;
const A_SECOND = 4;

/** Until so many ms have gone by there may be none. */
export const NEXT_MS = 1000 / A_SECOND;

export class Allowance {
  private left = BURST;
  private at = Date.now();

  refill(): void {
    this.left = BURST;
  }

  take(): boolean {
    const now = Date.now();
    this.left = Math.min(BURST, this.left + ((now - this.at) / 1000) * A_SECOND);
    this.at = now;
    if (this.left < 1) return false;
    this.left -= 1;
    return true;
  }
}
