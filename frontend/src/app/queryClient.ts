/** React Query for the page; a 401 from anywhere leads to the login. */
import { MutationCache, notifyManager, QueryCache, QueryClient } from "@tanstack/react-query";
import { ApiError, isStatus } from "@/api/errors";

const RETRIES = 2;

/** Only what another try can mend: no answer, or the server's own fault. */
const worthRetrying = (error: Error): boolean => !(error instanceof ApiError) || error.status >= 500;

// What is written in an animation frame is rendered in that frame: by default it waits for a timer, and so for the next.
notifyManager.setScheduler(queueMicrotask);

export function createQueryClient(onExpired: () => void): QueryClient {
  const onError = (error: Error) => {
    if (isStatus(error, 401)) onExpired();
  };
  return new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        // The loopback answers without any network.
        networkMode: "always",
        staleTime: 1000,
        retry: (count, error) => count < RETRIES && worthRetrying(error),
      },
      mutations: { networkMode: "always" },
    },
  });
}
