/** The page's socket, while the shell is up. */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import type { Follower } from "@/live/follower";

export function useSocket(): void {
  const client = useQueryClient();
  useEffect(() => {
    let follower: Follower | null = null;
    let ended = false;
    const start = (loaded: { Follower: typeof Follower }) => {
      if (ended) return;
      follower = new loaded.Follower(client);
      follower.start();
    };
    // A page that cannot load it goes on polling.
    import("@/live/follower").then(start, () => undefined);
    return () => {
      ended = true;
      follower?.stop();
    };
  }, [client]);
}
