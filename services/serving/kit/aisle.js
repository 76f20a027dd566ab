/**
 * Client of Aisle's serving API for web pages: an ES module without dependencies, for browsers and Node.
 *
 *     import { createClient } from "/static/aisle.js";
 *     const aisle = createClient();
 *     aisle.track("click", { item_id: "doc_123", item_type: "paper" });
 *     aisle.logIn("12345", token);  // events of this session belong to the user from now on, the earlier ones too
 *     const { recommendations } = await aisle.getRecommendations("hybrid", 10);
 */

const SESSION = "aisle.session";
const SESSION_MILLISECONDS = 30 * 60 * 1000; // without an event for this long, the next one begins a session
const MAX_BATCH = 100; // events of one request
const MAX_WAITING = 1000; // events that are kept while the API does not answer
const PASSING = new Set([429, 502, 503, 504]);
const LONGEST_PAUSE = 30_000;

/** The API refused a call or did not answer; `code` is its own word for it, `status` is 0 without an answer. */
export class AisleError extends Error {
  constructor(code, message, status) {
    super(message);
    this.name = "AisleError";
    this.code = code;
    this.status = status;
  }
}

/**
 * Make a client.
 *
 * `url`: address of the API, empty for the page's own. `token`: token of the user who is logged in. `apiKey`: public key
 * that is sent beside events. `storage`: where the session is kept, the browser's localStorage by default.
 */
export function createClient({
  url = "",
  token = null,
  apiKey = "",
  storage = browserStorage(),
  attempts = 4,
  pauseMilliseconds = 200,
} = {}) {
  const session = new Session(storage);
  let user = { id: null, token };
  let waiting = []; // events that are not sent yet, each with the functions that settle its promise
  let sending = null;

  async function call(method, path, { body, headers = {}, keepalive = false } = {}) {
    const request = { method, headers: { Accept: "application/json", ...headers }, keepalive };
    if (body !== undefined) {
      request.body = JSON.stringify(body);
      request.headers["Content-Type"] = "application/json";
    }
    for (let attempt = 1; ; attempt += 1) {
      const response = await fetch(url + path, request).catch(() => null); // no answer
      const isLast = attempt >= attempts;
      if (response?.ok) return response.json();
      if (isLast || (response && !PASSING.has(response.status))) throw await errorOf(response);
      await pause(response?.headers.get("Retry-After"), pauseMilliseconds * 2 ** (attempt - 1));
    }
  }

  /** Call a route about the user who is logged in. */
  function ofUser(method, path, body) {
    if (!user.token) throw new AisleError("unauthorized", "nobody is logged in: call logIn with a token first", 0);
    return call(method, path, { body, headers: { Authorization: `Bearer ${user.token}` } });
  }

  async function sendWaiting() {
    await null; // what is tracked in one go is sent as one batch
    while (waiting.length > 0) {
      const batch = waiting.splice(0, MAX_BATCH);
      try {
        const body = { api_key: apiKey, events: batch.map(({ event }) => event) };
        const answer = await call("POST", "/2/httpapi", { body, keepalive: true });
        batch.forEach(({ resolve }) => resolve(answer));
      } catch (error) {
        batch.forEach(({ reject }) => reject(error));
      }
    }
    sending = null;
  }

  return {
    /** The id of the session, the same in every tab, before and after a log-in. */
    get sessionId() {
      return session.now().id;
    },

    /** Events from now on are the user's, and so are the session's earlier ones. `token` is for the calls below. */
    logIn(userId, userToken = null) {
      user = { id: String(userId), token: userToken };
    },

    /** Events from now on are of a new, anonymous session. */
    logOut() {
      user = { id: null, token: null };
      session.end();
    },

    /**
     * Report what the user does: `track("click", { item_id })`, or is shown:
     * `track("initial_impression", { items_shown: [...], feed_type })`. Resolves to the API's answer; a page need not wait.
     */
    track(eventType, eventProperties = {}) {
      const { id, startedAt } = session.now();
      const event = {
        event_type: eventType,
        insert_id: randomId(), // an event that is sent again is stored once
        time: Date.now(),
        device_id: id, // Amplitude's session_id is a time, which two visitors may share
        session_id: startedAt,
        event_properties: eventProperties,
      };
      if (user.id !== null) event.user_id = user.id;
      const answer = new Promise((resolve, reject) => {
        waiting.push({ event, resolve, reject });
      });
      answer.catch(() => {}); // whoever does not wait hears nothing
      if (waiting.length > MAX_WAITING) {
        waiting.shift().reject(new AisleError("too_many_waiting", "the API has not answered for too long", 0));
      }
      sending ??= sendWaiting();
      return answer;
    },

    /** What is recommended to the user: `{ recommendations: [{ content_id, score, algorithm }], algorithm, total_count }`. */
    getRecommendations: async (algorithm = "hybrid", topK = 10) =>
      ofUser("GET", `/api/recommendations/recommendations/?${new URLSearchParams({ algorithm, top_k: topK })}`),

    /** Log what the user did: `{ interaction_type, content_id, content_type, platform, metadata }`. */
    logInteraction: async (interactionData) => ofUser("POST", "/api/recommendations/interactions/", interactionData),

    /** Say what the user did with a recommendation that was shown. */
    provideFeedback: async (contentId, isClicked, isDismissed) =>
      ofUser("POST", "/api/recommendations/feedback/", {
        content_id: contentId,
        is_clicked: isClicked,
        is_dismissed: isDismissed,
      }),
  };
}

/** One session of a visitor, for all tabs; without storage for this page only. */
class Session {
  constructor(storage) {
    this.storage = storage;
    this.kept = null; // where there is no storage
  }

  /** Return the session, and remember that the visitor is still there. */
  now() {
    const now = Date.now();
    const known = this.read();
    const isOver = !known || now - known.seenAt > SESSION_MILLISECONDS;
    this.write(isOver ? { id: randomId(), startedAt: now, seenAt: now } : { ...known, seenAt: now });
    return this.kept;
  }

  end() {
    this.write(null);
  }

  read() {
    try {
      const { id, startedAt, seenAt } = JSON.parse(this.storage?.getItem(SESSION)) ?? {};
      if (/^[0-9a-f]{32}$/.test(id) && [startedAt, seenAt].every(Number.isFinite)) return { id, startedAt, seenAt };
    } catch {
      // storage is blocked, or something else wrote there
    }
    return this.kept;
  }

  write(session) {
    this.kept = session;
    try {
      if (session) this.storage?.setItem(SESSION, JSON.stringify(session));
      else this.storage?.removeItem(SESSION);
    } catch {
      // storage is full or blocked: the session lasts as long as the page
    }
  }
}

function browserStorage() {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null; // blocked by the browser's settings
  }
}

async function errorOf(response) {
  if (!response) return new AisleError("unreachable", "the API does not answer", 0);
  const error = await response.json().then((body) => body.error, () => null);
  if (typeof error === "string") return new AisleError("events_refused", error, response.status); // as Amplitude says it
  const isOurs = typeof error?.code === "string";
  return new AisleError(isOurs ? error.code : "unexpected_answer", isOurs ? error.message : response.statusText, response.status);
}

function pause(retryAfter, milliseconds) {
  const askedFor = /^\d+$/.test(retryAfter ?? "") ? Number(retryAfter) * 1000 : milliseconds;
  return new Promise((resolve) => setTimeout(resolve, Math.min(askedFor, LONGEST_PAUSE)));
}

/** 32 hex digits. `crypto.randomUUID` is missing on pages without HTTPS. */
function randomId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
