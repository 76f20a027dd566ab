// The shop page: a selection goes to the API, the answer is fetched when it is there. Names of products are text, never markup.

const N_SELECTED = 5;
const LOOK_AGAIN_MS = 400;
const SEARCH_AFTER_MS = 250;

const root = document.getElementById("shop");
const api = root.dataset.api || location.origin;
const element = (id) => document.getElementById(id);

const chosen = new Map(); // product by id, in the order of choosing
let shown = []; // products in the carousel
let isBusy = false;

class ApiError extends Error {}

/** Ask the API. Returns [status, body]; throws ApiError with a sentence for people. */
async function call(path, options = {}) {
  const key = sessionStorage.getItem("aisle-key");
  const headers = { ...(options.body && { "Content-Type": "application/json" }), ...(key && { "X-API-Key": key }) };
  let response;
  try {
    response = await fetch(new URL(path, api), { ...options, headers });
  } catch {
    throw new ApiError("The API does not answer. Check that it runs and allows this page's address, then try again.");
  }
  if (response.status === 401) {
    element("key").hidden = false;
    throw new ApiError("The API asks for a key. Enter it above, then try again.");
  }
  const body = await response.json().catch(() => null);
  if (!response.ok) throw new ApiError(body?.error?.message ?? `The API answered ${response.status}.`);
  return [response.status, body];
}

/** Run something and show what goes wrong. */
async function attempt(work) {
  element("error").hidden = true;
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    element("error").textContent = error.message;
    element("error").hidden = false;
    return undefined;
  }
}

// -- drawing ---------------------------------------------------------------------------------------------------------

function make(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** A picture of a product without one: shapes and colours that its id gives, the same each time. */
function art(product) {
  let seed = 2166136261;
  for (const letter of product.item_id) seed = Math.imul(seed ^ letter.codePointAt(0), 16777619);
  const next = (below) => {
    seed = Math.imul(seed ^ (seed >>> 15), 2246822507) + 1;
    return (seed >>> 0) % below;
  };
  const space = "http://www.w3.org/2000/svg";
  const draw = (name, attributes) => {
    const drawn = document.createElementNS(space, name);
    for (const [attribute, value] of Object.entries(attributes)) drawn.setAttribute(attribute, value);
    return drawn;
  };
  const hue = next(360);
  const picture = draw("svg", { viewBox: "0 0 160 104", preserveAspectRatio: "xMidYMid slice", class: "art", "aria-hidden": "true" });
  picture.append(draw("rect", { width: 160, height: 104, fill: `hsl(${hue} 45% 78%)` }));
  for (let nth = 0; nth < 3; nth += 1) {
    const fill = `hsl(${(hue + 25 + next(70)) % 360} 50% ${45 + next(25)}% / .75)`;
    const [x, y, size] = [next(160), next(104), 24 + next(36)];
    const turn = `rotate(${next(90)} ${x} ${y})`;
    picture.append(next(2)
      ? draw("circle", { cx: x, cy: y, r: size, fill })
      : draw("rect", { x: x - size, y: y - size / 2, width: 2 * size, height: size, rx: 10, fill, transform: turn }));
  }
  return picture;
}

const nameOf = (product) => product.name ?? product.item_id;

function about(product, ...further) {
  const price = product.price === null ? [] : [make("span", { className: "price", textContent: product.price.toFixed(2) })];
  const small = product.category ?? product.item_id;
  return make("span", { className: "about" }, make("b", { textContent: nameOf(product) }), make("small", { textContent: small }), ...price, ...further);
}

function drawCarousel() {
  const cards = shown.map((product, place) => {
    const box = make("input", { type: "checkbox", value: product.item_id, checked: chosen.has(product.item_id), tabIndex: place ? -1 : 0 });
    return make("label", { className: "card" }, box, art(product), about(product));
  });
  element("carousel").replaceChildren(...cards);
  element("carousel").scrollLeft = 0;
  element("carousel-empty").hidden = shown.length > 0;
  element("carousel-empty").textContent = element("search").value
    ? "No product matches the search."
    : "No products yet. Run the DAGs ingest and transform.";
}

function drawChosen() {
  const pills = [...chosen.values()].map((product) => {
    const pill = make("button", { type: "button" }, make("span", { textContent: nameOf(product) }), make("span", { textContent: "×", ariaHidden: "true" }));
    pill.setAttribute("aria-label", `Remove ${nameOf(product)}`);
    pill.addEventListener("click", () => {
      const place = [...element("chosen").querySelectorAll("button")].indexOf(pill);
      choose(product, false);
      const left = element("chosen").querySelectorAll("button");
      (left[Math.min(place, left.length - 1)] ?? element("search")).focus();
    });
    return make("li", {}, pill);
  });
  element("chosen").replaceChildren(...pills);
  element("count").textContent = `${chosen.size} of ${N_SELECTED} chosen`;
  for (const box of element("carousel").querySelectorAll("input")) box.checked = chosen.has(box.value);
}

const mode = () => root.querySelector("[name=mode]:checked").value;
const takesProducts = () => mode() !== "metadata";
const takesMetadata = () => mode() !== "products";

/** Why the button is disabled; empty if it is not. */
function obstacle() {
  if (isBusy) return "Recommending …";
  if (takesMetadata() && !element("request").elements.age.checkValidity()) return "Correct the age first.";
  const missing = N_SELECTED - chosen.size;
  if (!takesProducts() || missing === 0) return "";
  const noun = Math.abs(missing) === 1 ? "product" : "products";
  return missing > 0 ? `Choose ${missing} more ${noun}.` : `Remove ${-missing} ${noun}.`;
}

function drawState() {
  element("products").hidden = !takesProducts();
  element("metadata").hidden = !takesMetadata();
  element("beta-note").hidden = !takesMetadata();
  const { age } = element("request").elements;
  element("age-fault").hidden = age.checkValidity();
  age.setAttribute("aria-invalid", String(!age.checkValidity()));
  element("hint").textContent = obstacle();
  element("ask").disabled = obstacle() !== "";
  element("ask").toggleAttribute("data-busy", isBusy);
  element("results").setAttribute("aria-busy", String(isBusy));
}

function choose(product, isChosen) {
  if (isChosen) chosen.set(product.item_id, product);
  else chosen.delete(product.item_id);
  drawChosen();
  drawState();
}

const ORIGINS = {
  campaign: () => "Answered by the recommender in real time.",
  similar_items: () => "From what is similar to the five products.",
  similar_items_and_popular: (answer) => `Half what is similar to the five products, half what is popular ${placeOf(answer)}.`,
  popular_in_region: (answer) => `From what is popular ${placeOf(answer)}.`,
  popular: () => "From what is popular in the whole shop.",
};
const placeOf = (answer) => (answer.place ? `in ${answer.place}` : "in the whole shop");

function drawAnswer(answer) {
  const best = Math.max(...answer.items.map((item) => item.score), 0);
  const cards = answer.items.map((item, place) => {
    const reason = make("span", { className: "reason", textContent: item.reason ?? "" });
    const meter = make("meter", { min: 0, max: best || 1, value: item.score });
    meter.setAttribute("aria-label", `Score ${item.score.toFixed(3)}`);
    const button = make("button", { type: "button" }, make("span", { className: "rank", textContent: String(place + 1) }), art(item), about(item, reason, meter));
    button.addEventListener("click", () => follow(answer, item));
    return make("li", {}, button);
  });
  element("list").replaceChildren(...cards);
  watch(answer, cards);
  const made = answer.generation ? ` Lists of generation ${answer.generation}.` : "";
  const nothing = answer.items.length ? "" : " It has nothing to recommend yet.";
  element("origin").textContent = `${ORIGINS[answer.source](answer)}${made}${nothing}`;
  if (answer.beta) element("origin").append(" ", make("em", { className: "beta", textContent: "Beta" }));
  element("results").hidden = false;
  element("results-title").focus();
}

// -- asking ----------------------------------------------------------------------------------------------------------

async function loadProducts() {
  const search = element("search").value.trim();
  const [, found] = await call(`/shop/products${search ? `?search=${encodeURIComponent(search)}` : ""}`);
  if (search !== element("search").value.trim()) return; // a later search is on its way
  shown = found.products;
  drawCarousel();
}

async function loadPlaces() {
  const [, { places }] = await call("/shop/places");
  const options = (kind) => places.filter((place) => place.kind === kind).map(({ name }) => make("option", { value: name, textContent: name }));
  element("cities").replaceChildren(...options("city"));
  element("request").elements.province.append(...options("province"));
}

function question() {
  const asked = { mode: mode() };
  if (takesProducts()) asked.product_ids = [...chosen.keys()];
  if (takesMetadata()) {
    const { age, gender, city, province } = element("request").elements;
    asked.metadata = { age: age.value, gender: gender.value, city: city.value, province: province.value };
  }
  return asked;
}

async function recommend() {
  const [, accepted] = await call("/shop/requests", { method: "POST", body: JSON.stringify(question()) });
  for (;;) {
    const [status, answer] = await call(accepted.url);
    if (status === 200) return answer;
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}

/** Tell what the visitor saw or did. Nothing on the page depends on it. */
function tell(answer, event) {
  const options = { method: "POST", body: JSON.stringify(event), keepalive: true };
  call(`/shop/requests/${answer.request_id}/events`, options).catch(() => {});
}

let watching; // cards of the newest answer

/** Tell of each product once that at least half of its card has come into view. */
function watch(answer, cards) {
  watching?.disconnect();
  watching = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      watching.unobserve(target);
      tell(answer, { event_type: "scroll_impression", item_id: answer.items[cards.indexOf(target)].item_id });
    }
  }, { threshold: 0.5 });
  cards.forEach((card) => watching.observe(card));
}

/** A recommended product that somebody is interested in starts the next selection, if there is room. */
function follow(answer, item) {
  tell(answer, { event_type: "click", item_id: item.item_id });
  if (!chosen.has(item.item_id) && chosen.size < N_SELECTED) choose(item, true);
}

// -- wiring ----------------------------------------------------------------------------------------------------------

element("request").addEventListener("submit", async (event) => {
  event.preventDefault();
  if (obstacle()) return;
  isBusy = true;
  drawState();
  const answer = await attempt(recommend);
  isBusy = false;
  drawState();
  if (!answer) return;
  drawAnswer(answer);
  if (answer.items.length) tell(answer, { event_type: "initial_impression" });
});
element("request").addEventListener("input", drawState);
root.querySelector(".modes").addEventListener("change", drawState);

let searching;
element("search").addEventListener("input", () => {
  clearTimeout(searching);
  searching = setTimeout(() => attempt(loadProducts), SEARCH_AFTER_MS);
});
element("search").addEventListener("keydown", (event) => {
  if (event.key === "Enter") event.preventDefault(); // it would send the form
});

const carousel = element("carousel");
carousel.addEventListener("change", ({ target }) => {
  choose(shown.find((product) => product.item_id === target.value), target.checked);
});
carousel.addEventListener("focusin", ({ target }) => {
  for (const box of carousel.querySelectorAll("input")) box.tabIndex = box === target ? 0 : -1;
});
carousel.addEventListener("keydown", (event) => {
  const boxes = [...carousel.querySelectorAll("input")];
  const at = boxes.indexOf(document.activeElement);
  const next = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: boxes.length - 1 }[event.key];
  if (event.key === "Enter" && at >= 0) boxes[at].click();
  if (event.key === "Enter") event.preventDefault();
  if (next === undefined || !boxes[next]) return;
  event.preventDefault();
  boxes[next].focus({ preventScroll: true });
  boxes[next].parentElement.scrollIntoView({ block: "nearest", inline: "nearest" });
});
for (const step of root.querySelectorAll(".step")) {
  step.addEventListener("click", () => {
    carousel.scrollBy({ left: Number(step.dataset.step) * carousel.clientWidth * 0.8, behavior: "smooth" });
  });
}

element("key").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem("aisle-key", event.target.elements.key.value);
  event.target.reset();
  event.target.hidden = true;
  attempt(load);
});

const load = () => Promise.all([loadProducts(), loadPlaces()]);
drawChosen();
drawState();
attempt(load);
