"use strict";
// The theme that Airflow shows: it keeps the choice in its local storage, which a page of the same origin may read.
const showTheme = () => {
  const chosen = localStorage.getItem("theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  else delete document.documentElement.dataset.theme;
};
showTheme();
addEventListener("storage", showTheme);

// Airflow shows pages in a sandboxed frame that may not leave itself: the page around it opens the address instead.
const openOutside = (event) => {
  const link = event.target.closest("a[data-open]");
  if (!link || window.parent === window || event.defaultPrevented || event.button !== 0) return;
  event.preventDefault();
  const around = window.parent.document;
  const proxy = Object.assign(around.createElement("a"), { href: link.href, rel: "noopener" });
  if (link.dataset.open === "tab" || event.ctrlKey || event.metaKey) proxy.target = "_blank";
  around.body.append(proxy);
  proxy.click();
  proxy.remove();
};

// A rollback is a run of the DAG `rollback`, asked for in the user's own name: Airflow decides who may, and remembers who did.
const rollBack = async (group, what, reason) => {
  const response = await fetch(`${document.body.dataset.airflow}/api/v2/dags/rollback/dagRuns`, {
    method: "POST",
    credentials: "same-origin",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ logical_date: null, conf: { dataset_group: group, what, reason }, note: reason }),
  });
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer.dag_run_id;
  const said = typeof answer.detail === "string" ? answer.detail : JSON.stringify(answer.detail ?? answer);
  const why = { 401: "you are not logged in", 403: "you may not start this DAG", 404: "Airflow has no DAG rollback" };
  throw new Error(why[response.status] ?? `Airflow answered ${response.status}: ${said}`);
};

const prepareRollback = () => {
  const dialog = document.getElementById("rollback");
  if (!dialog) return;
  const part = (name) => document.getElementById(`rollback-${name}`);
  let group, what;
  for (const button of document.querySelectorAll("[data-rollback]")) {
    button.addEventListener("click", () => {
      ({ group, rollback: what } = button.dataset);
      for (const name of ["question", "from", "to", "effect"]) part(name).textContent = button.dataset[name];
      part("reason").value = "";
      part("answer").textContent = "";
      part("confirm").disabled = false;
      dialog.showModal();
      part("reason").focus();
    });
  }
  const confirm = async () => {
    if (!part("reason").reportValidity()) return;
    part("confirm").disabled = true;
    part("answer").textContent = "Asking Airflow…";
    try {
      const run = await rollBack(group, what, part("reason").value);
      const href = `${document.body.dataset.airflow}/dags/rollback/runs/${encodeURIComponent(run)}`;
      const link = Object.assign(document.createElement("a"), { href, textContent: "see the run" });
      link.dataset.open = "top";
      part("answer").replaceChildren("Started: ", link, ". Load this page again when it has ended.");
    } catch (error) {
      part("answer").textContent = `Not rolled back: ${error.message}.`;
      part("confirm").disabled = false;
    }
  };
  part("confirm").addEventListener("click", confirm);
  part("cancel").addEventListener("click", () => dialog.close());
  part("reason").addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    confirm();
  });
};

// On a narrow screen each row of a wide table is a list of "heading: value"; style.css shows the heading of a cell.
const labelCells = () => {
  for (const table of document.querySelectorAll("table.wide")) {
    const headings = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
    for (const row of table.tBodies[0].rows)
      [...row.cells].forEach((cell, nth) => (cell.dataset.heading = headings[nth]));
    table.classList.add("labelled");
  }
};

const refreshOften = () => {
  const seconds = Number(document.body.dataset.refresh);
  if (!seconds) return;
  const open = JSON.parse(sessionStorage.getItem("open") ?? "[]");
  for (const name of open) document.querySelector(`#${CSS.escape(name)} details`)?.setAttribute("open", "");
  setInterval(() => {
    if (document.hidden) return;
    const shown = [...document.querySelectorAll("[id] > details[open]")].map((details) => details.parentElement.id);
    sessionStorage.setItem("open", JSON.stringify(shown));
    location.reload();
  }, seconds * 1000);
};

addEventListener("DOMContentLoaded", () => {
  document.addEventListener("click", openOutside);
  prepareRollback();
  labelCells();
  refreshOften();
});
