"use strict";
(function () {
  var root = document.documentElement;
  root.classList.add("js");

  /* Light and dark: the reader's choice first, then the system's. */
  var keep = {
    read: function () { try { return localStorage.getItem("cxrbench-theme"); } catch (error) { return null; } },
    write: function (value) { try { localStorage.setItem("cxrbench-theme", value); } catch (error) { return; } }
  };
  function isDark() {
    return root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  }
  var chosen = keep.read();
  if (chosen === "light" || chosen === "dark") { root.dataset.theme = chosen; }

  function themeButton() {
    var button = document.getElementById("theme");
    function name() { button.textContent = isDark() ? "Light" : "Dark"; button.setAttribute("aria-label", "Switch to " + (isDark() ? "light" : "dark") + " colours"); }
    button.hidden = false;
    name();
    button.addEventListener("click", function () {
      root.dataset.theme = isDark() ? "light" : "dark";
      keep.write(root.dataset.theme);
      name();
    });
  }

  /* Sorting: rows move within their own body, so that rows out of the ranking stay below it. */
  function cellOf(row, key) {
    for (var i = 0; i < row.cells.length; i += 1) { if (row.cells[i].dataset.key === key) { return row.cells[i]; } }
    return null;
  }
  function valueOf(row, key) {
    var cell = cellOf(row, key);
    if (!cell || cell.classList.contains("empty")) { return null; }
    var raw = cell.dataset.sort || cell.dataset.value;
    return raw === undefined ? cell.textContent.trim().toLowerCase() : Number(raw);
  }
  function compare(a, b) { return a < b ? -1 : a > b ? 1 : 0; }
  function sortBody(body, key, sign) {
    var rows = Array.prototype.filter.call(body.rows, function (row) { return !row.classList.contains("section"); });
    var keyed = rows.map(function (row, at) {
      if (row.dataset.at === undefined) { row.dataset.at = at; }
      return { row: row, value: valueOf(row, key), at: Number(row.dataset.at) };
    });
    keyed.sort(function (a, b) {
      if (a.value === null || b.value === null) { return (a.value === null) - (b.value === null) || a.at - b.at; }
      return sign * compare(a.value, b.value) || a.at - b.at;
    });
    keyed.forEach(function (one) { body.appendChild(one.row); });
  }
  function buttonOf(table, key) {
    return Array.prototype.find.call(table.tHead.querySelectorAll("button"), function (one) { return one.dataset.key === key; });
  }
  function sortTable(table, key, order) {
    var button = buttonOf(table, key);
    if (!button) { return; }
    table.tHead.querySelectorAll("th[aria-sort]").forEach(function (th) { th.setAttribute("aria-sort", "none"); });
    button.closest("th").setAttribute("aria-sort", order === "desc" ? "descending" : "ascending");
    Array.prototype.forEach.call(table.tBodies, function (body) { sortBody(body, key, order === "desc" ? -1 : 1); });
    say("Sorted by " + button.textContent + ", " + (order === "desc" ? "descending" : "ascending"));
  }
  function onHead(table, button) {
    var now = button.closest("th").getAttribute("aria-sort");
    var first = button.dataset.first;
    var order = now === "none" ? first : now === "ascending" ? "desc" : "asc";
    sortTable(table, button.dataset.key, order);
    remember("sort", [table.id, button.dataset.key, order].join(":"));
  }

  /* Filtering: rows of the tables marked for it that hold all the words. */
  function filterRows(words) {
    var wanted = words.toLowerCase().split(/\s+/).filter(Boolean), shown = 0;
    document.querySelectorAll("table.filtered tbody tr").forEach(function (row) {
      var text = row.textContent.toLowerCase();
      row.hidden = !wanted.every(function (word) { return text.indexOf(word) >= 0; });
      shown += row.hidden ? 0 : 1;
    });
    return shown;
  }
  function filterBox() {
    var box = document.getElementById("filter");
    if (!box) { return; }
    box.closest("[hidden]").hidden = false;
    box.addEventListener("input", function () {
      say(filterRows(box.value) + " rows shown");
      remember("filter", box.value);
    });
  }

  /* State lives in the address: #sort=table:column:asc&filter=words. */
  function recall() { return new URLSearchParams(location.hash.indexOf("=") > 0 ? location.hash.slice(1) : ""); }
  function remember(name, value) {
    var state = recall();
    if (value) { state.set(name, value); } else { state.delete(name); }
    history.replaceState(null, "", String(state) ? "#" + state : location.pathname + location.search);
  }
  function say(text) { document.getElementById("status").textContent = text; }
  function fromAddress() {
    var state = recall(), box = document.getElementById("filter");
    if (box && state.has("filter")) { box.value = state.get("filter"); filterRows(box.value); }
    var parts = (state.get("sort") || "").split(":");
    var table = document.getElementById(parts[0]);
    if (table && table.tHead && table.classList.contains("sortable")) {
      for (var box = table.closest("details"); box; box = box.parentElement.closest("details")) { box.open = true; }
      sortTable(table, parts[1], parts[2] === "desc" ? "desc" : "asc");
    }
  }

  document.addEventListener("DOMContentLoaded", function () {
    themeButton();
    document.querySelectorAll("table.sortable").forEach(function (table) {
      table.tHead.querySelectorAll("button").forEach(function (button) {
        button.addEventListener("click", function () { onHead(table, button); });
      });
    });
    filterBox();
    fromAddress();
    addEventListener("hashchange", fromAddress);
  });
})();
