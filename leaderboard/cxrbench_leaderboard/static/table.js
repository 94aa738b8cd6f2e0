"use strict";
(function () {
  var root = document.documentElement;
  root.classList.add("js");

  /* Light and dark: the reader's choice first, then the system's. */
  var storage = {
    read: function () { try { return localStorage.getItem("cxrbench-theme"); } catch (error) { return null; } },
    write: function (value) { try { localStorage.setItem("cxrbench-theme", value); } catch (error) { return; } }
  };
  function isDark() {
    return root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  }
  var chosen = storage.read();
  if (chosen === "light" || chosen === "dark") { root.dataset.theme = chosen; }

  function themeButton() {
    var button = document.getElementById("theme");
    function name() { button.textContent = isDark() ? "Light" : "Dark"; button.setAttribute("aria-label", "Switch to " + (isDark() ? "light" : "dark") + " colours"); }
    button.hidden = false;
    name();
    button.addEventListener("click", function () {
      root.dataset.theme = isDark() ? "light" : "dark";
      storage.write(root.dataset.theme);
      name();
    });
  }

  /* A table is a list of rows: those of the page, then, where a page shows a long table in part, those of its inline
     data. A row of the data becomes HTML when it is first needed: each cell has the number of its pattern and the
     texts that fill it. How a cell looks is decided where the page was made, not here. */
  var MINUS = "\u2212", models = new Map();
  function modelOf(table) {
    if (!models.has(table)) { models.set(table, makeModel(table)); }
    return models.get(table);
  }
  function isSection(row) { return row.classList.contains("section"); }
  function makeModel(table) {
    var rows = [];
    Array.prototype.forEach.call(table.tBodies, function (body, at) {
      Array.prototype.forEach.call(body.rows, function (row) {
        if (!isSection(row)) { rows.push({ body: at, at: rows.length, element: row }); }
      });
    });
    var model = { rows: rows, page: 0, size: rows.length, words: [] };
    if (table.dataset.rows) { addData(model, JSON.parse(document.getElementById(table.dataset.rows).textContent)); }
    return model;
  }
  function addData(model, data) {
    model.isLong = true;
    model.size = data.size;
    model.patterns = data.patterns;
    data.rows.forEach(function (text) {
      var cells = text.split("^");
      model.rows.push({ body: Number(cells[0]), at: model.rows.length, cells: cells.slice(1) });
    });
  }
  function fillPattern(patterns, cell) {
    var texts = cell.split("|"), pieces = patterns[texts[0] || 0];
    return pieces.reduce(function (html, piece, place) { return html + texts[place] + piece; });
  }
  function fillRows(model, rows) {
    var empty = rows.filter(function (row) { return !row.element; }), holder = document.createElement("template");
    holder.innerHTML = empty.map(function (row) {
      return row.cells.map(function (cell, at) { return fillPattern(model.patterns[at], cell); }).join("") + "</tr>";
    }).join("");
    empty.forEach(function (row) { row.element = holder.content.removeChild(holder.content.firstChild); });
  }

  /* What a row sorts by, and the words that are searched in it. The inline data has numbers as they are shown, so that
     all rows of a long table sort by the shown numbers. */
  function cellOf(row, key) {
    return Array.prototype.find.call(row.cells, function (cell) { return cell.dataset.key === key; });
  }
  function valueOf(row, key, isLong) {
    var cell = cellOf(row, key);
    if (!cell || cell.classList.contains("empty")) { return null; }
    if (!cell.classList.contains("num")) { return cell.textContent.trim().toLowerCase(); }
    var shown = cell.firstChild.textContent.trim().replace(MINUS, "-");
    var value = cell.dataset.sort || (isLong && isFinite(shown) ? shown : cell.dataset.value);
    return value === undefined ? null : Number(value);
  }
  function wordsOf(row) {
    if (row.words === undefined) {
      row.words = Array.prototype.map.call(row.element.cells, function (cell) { return cell.textContent; })
        .join(" ").toLowerCase();
    }
    return row.words;
  }

  /* Rows stay in their table body, so that rows without a rank stay below the ranking; a missing value comes last. */
  function compare(a, b) { return a < b ? -1 : a > b ? 1 : 0; }
  function chooseRows(model) {
    if (model.words.length || model.key) { fillRows(model, model.rows); }
    var rows = model.rows.filter(function (row) {
      return model.words.every(function (word) { return wordsOf(row).indexOf(word) >= 0; });
    });
    if (!model.key) { return rows; }
    rows.forEach(function (row) { row.value = valueOf(row.element, model.key, model.isLong); });
    return rows.sort(function (a, b) {
      if (a.body !== b.body) { return a.body - b.body; }
      if (a.value === null || b.value === null) { return (a.value === null) - (b.value === null) || a.at - b.at; }
      return model.sign * compare(a.value, b.value) || a.at - b.at;
    });
  }
  function show(table) {
    var model = modelOf(table), rows = chooseRows(model), pages = Math.max(1, Math.ceil(rows.length / model.size));
    model.page = Math.min(model.page, pages - 1);
    var first = model.page * model.size, shown = rows.slice(first, first + model.size);
    fillRows(model, shown);
    Array.prototype.forEach.call(table.tBodies, function (body, at) {
      var elements = shown.filter(function (row) { return row.body === at; }).map(function (row) { return row.element; });
      var section = body.rows.length && isSection(body.rows[0]) ? [body.rows[0]] : [];
      section.forEach(function (row) { row.hidden = !elements.length; });
      body.replaceChildren.apply(body, section.concat(elements));
    });
    if (model.isLong) { showPager(table, model, pages, first, shown.length, rows.length); }
    return rows.length;
  }
  function buttonOf(table, key) {
    return Array.prototype.find.call(table.tHead.querySelectorAll("button"), function (button) { return button.dataset.key === key; });
  }
  function sortTable(table, key, order) {
    var button = buttonOf(table, key), model = modelOf(table);
    if (!button) { return; }
    table.tHead.querySelectorAll("th[aria-sort]").forEach(function (th) { th.setAttribute("aria-sort", "none"); });
    button.closest("th").setAttribute("aria-sort", order === "desc" ? "descending" : "ascending");
    model.key = key;
    model.sign = order === "desc" ? -1 : 1;
    model.page = 0;
    show(table);
    announce("Sorted by " + button.textContent + ", " + (order === "desc" ? "descending" : "ascending"));
  }
  function onHeading(table, button) {
    var now = button.closest("th").getAttribute("aria-sort");
    var order = now === "none" ? button.dataset.first : now === "ascending" ? "desc" : "asc";
    var state = [table.id, button.dataset.key, order].join(":");
    if (table.dataset.whole) {
      location.href = table.dataset.whole + "#" + new URLSearchParams({ sort: state });
      return;
    }
    remember("page", "");
    remember("sort", state);
    sortTable(table, button.dataset.key, order);
  }

  /* The pages of a long table. */
  function showPager(table, model, pages, first, shown, total) {
    if (!model.pager) {
      model.pager = document.createElement("p");
      model.pager.className = "pager";
      model.range = document.createElement("span");
      model.previous = pageButton(table, model, "Previous", -1);
      model.next = pageButton(table, model, "Next", 1);
      model.pager.append(model.previous, model.range, model.next);
      table.parentElement.after(model.pager);
    }
    model.range.textContent = total ? "Rows " + (first + 1) + "\u2013" + (first + shown) + " of " + total
      : "No row has these words";
    model.previous.disabled = model.page === 0;
    model.next.disabled = model.page >= pages - 1;
  }
  function pageButton(table, model, text, step) {
    var button = document.createElement("button");
    button.textContent = text;
    button.type = "button";
    button.addEventListener("click", function () {
      model.page += step;
      show(table);
      announce(model.range.textContent);
      remember("page", model.page ? table.id + ":" + (model.page + 1) : "");
    });
    return button;
  }

  /* Filtering: rows of the marked tables that contain all the words. */
  function filterRows(words) {
    var wanted = words.toLowerCase().split(/\s+/).filter(Boolean), shown = 0;
    document.querySelectorAll("table.filtered").forEach(function (table) {
      var model = modelOf(table);
      model.words = wanted;
      model.page = 0;
      shown += show(table);
    });
    return shown;
  }
  function filterBox() {
    var box = document.getElementById("filter");
    if (!box) { return; }
    box.closest("[hidden]").hidden = false;
    box.addEventListener("input", function () {
      announce(filterRows(box.value) + " rows shown");
      remember("page", "");
      remember("filter", box.value);
    });
  }

  /* The state is in the address: #sort=table:column:asc&filter=words&page=table:2. */
  function recall() { return new URLSearchParams(location.hash.indexOf("=") > 0 ? location.hash.slice(1) : ""); }
  function remember(name, value) {
    var state = recall();
    if (value) { state.set(name, value); } else { state.delete(name); }
    history.replaceState(null, "", String(state) ? "#" + state : location.pathname + location.search);
  }
  function announce(text) { document.getElementById("status").textContent = text; }
  function tableOf(name) {
    var table = document.getElementById(name);
    return table && table.tHead && table.classList.contains("sortable") && !table.dataset.whole ? table : null;
  }
  function restoreState() {
    var state = recall(), box = document.getElementById("filter");
    if (box && (state.has("filter") || box.value)) { box.value = state.get("filter") || ""; filterRows(box.value); }
    var parts = (state.get("sort") || "").split(":"), table = tableOf(parts[0]);
    if (table) {
      for (var fold = table.closest("details"); fold; fold = fold.parentElement.closest("details")) { fold.open = true; }
      sortTable(table, parts[1], parts[2] === "desc" ? "desc" : "asc");
    }
    var place = (state.get("page") || "").split(":"), long = tableOf(place[0]);
    if (long && long.dataset.rows && Number(place[1]) >= 1) {
      modelOf(long).page = Math.floor(Number(place[1])) - 1;
      show(long);
    }
  }

  document.addEventListener("DOMContentLoaded", function () {
    themeButton();
    document.querySelectorAll("table.sortable").forEach(function (table) {
      table.tHead.querySelectorAll("button").forEach(function (button) {
        button.addEventListener("click", function () { onHeading(table, button); });
      });
      if (table.dataset.rows) { show(table); }
    });
    filterBox();
    restoreState();
    addEventListener("hashchange", restoreState);
  });
})();
