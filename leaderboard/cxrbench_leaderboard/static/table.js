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

  /* A table is a list of rows: those of the page, or, where a page shows a long table in part, all rows of its
     inline data, made into cells when they come into sight. */
  var MISSING = "\u2013", MINUS = "\u2212", tables = new Map();
  function modelOf(table) {
    if (!tables.has(table)) { tables.set(table, table.dataset.rows ? fromData(table) : fromPage(table)); }
    return tables.get(table);
  }
  function isSection(row) { return row.classList.contains("section"); }
  function fromPage(table) {
    var rows = [];
    Array.prototype.forEach.call(table.tBodies, function (body, at) {
      Array.prototype.forEach.call(body.rows, function (row) {
        if (!isSection(row)) { rows.push({ body: at, at: rows.length, shown: row }); }
      });
    });
    return { rows: rows, page: 0, size: rows.length, words: [] };
  }
  function fromData(table) {
    var data = JSON.parse(document.getElementById(table.dataset.rows).textContent);
    var places = {};
    data.columns.forEach(function (column, at) { places[column.key] = at + 1; });
    var rows = data.rows.map(function (cells, at) { return { body: cells[0], at: at, cells: cells }; });
    return { rows: rows, page: 0, size: data.size, words: [], data: data, places: places };
  }

  /* What a row sorts by, and what is searched in it: its words, in long tables without the numbers. */
  function cellOf(row, key) {
    return Array.prototype.find.call(row.cells, function (cell) { return cell.dataset.key === key; });
  }
  function pageValue(row, key) {
    var cell = cellOf(row, key);
    if (!cell || cell.classList.contains("empty")) { return null; }
    var raw = cell.dataset.sort || cell.dataset.value;
    return raw === undefined ? cell.textContent.trim().toLowerCase() : Number(raw);
  }
  function dataValue(column, cell) {
    if (cell === null || (column.type === "metric" && typeof cell === "string")) { return null; }
    if (column.type === "text") { return cell.toLowerCase(); }
    if (column.type === "head") { return cell[0].toLowerCase(); }
    if (column.better === "zero") { return Math.abs(cell[0]); }
    return column.better === "one" ? Math.abs(cell[0] - Math.pow(10, column.digits)) : cell[0];
  }
  function valueOf(model, row, key) {
    if (row.shown && !row.cells) { return pageValue(row.shown, key); }
    var place = model.places[key];
    return place ? dataValue(model.data.columns[place - 1], row.cells[place]) : null;
  }
  function wordsOf(row) {
    if (row.words === undefined) {
      row.words = (row.cells ? row.cells.flat(2).filter(function (one) { return typeof one === "string"; }).join(" ")
        : row.shown.textContent).toLowerCase();
    }
    return row.words;
  }

  /* Cells from inline data, as the templates make them. */
  function make(tag, name, text) {
    var made = document.createElement(tag);
    if (name) { made.className = name; }
    if (text !== undefined) { made.textContent = text; }
    return made;
  }
  function written(units, column) {
    var size = Math.pow(10, column.digits), text = (Math.abs(units) / size).toFixed(column.digits);
    return units < 0 ? MINUS + text : units > 0 && column.better === "zero" ? "+" + text : text;
  }
  function headCell(cell, column, data) {
    var head = make("th", "name"), title = make("bdi", "title"), link = make("a", "", cell[0]);
    head.scope = "row";
    link.href = data.to + cell[1] + ".html";
    title.append(link);
    head.append(title);
    if (cell[2]) { head.append(make("bdi", "note", cell[2])); }
    cell[3].forEach(function (mark) { head.append(make("span", "mark", mark)); });
    cell[4].forEach(function (note) { head.append(make("span", "note", note)); });
    return head;
  }
  function spanOf(low, high) { return low === high ? low : low + "\u2013" + high; }
  function metricCell(cell, column, data) {
    if (cell === null || typeof cell === "string") {
      var none = make("td", "num empty", MISSING);
      if (cell) { none.append(make("span", "note", cell)); }
      return none;
    }
    var made = make("td", "num", written(cell[0], column));
    if (typeof cell[1] === "string") { made.append(make("span", "note", cell[1])); }
    if (typeof cell[2] === "number") {
      made.append(make("span", "interval", "[" + written(cell[1], column) + ", " + written(cell[2], column) + "]"));
    }
    if (cell[3]) { made.append(make("span", "note", "rank " + cell[3] + " of " + column.of)); }
    if (cell[4]) { made.append(make("span", "interval", "place" + (cell[4] === cell[5] ? " " : "s ") + spanOf(cell[4], cell[5]))); }
    cell.slice(6).forEach(function (at) { made.append(make("span", data.words[at][0], data.words[at][1])); });
    return made;
  }
  function numberCell(cell) {
    var made = make("td", "num", cell[1]);
    if (cell[2]) { made.append(make("span", "interval", cell[2])); }
    return made;
  }
  function cellFrom(cell, column, data) {
    var made = column.type === "head" ? headCell(cell, column, data)
      : column.type === "metric" ? metricCell(cell, column, data)
      : column.type === "text" ? make("td", "", cell)
      : cell === null ? make("td", "num empty", MISSING) : numberCell(cell);
    made.dataset.key = column.key;
    return made;
  }
  function rowOf(model, row) {
    if (!row.shown) {
      row.shown = document.createElement("tr");
      model.data.columns.forEach(function (column, at) { row.shown.append(cellFrom(row.cells[at + 1], column, model.data)); });
    }
    return row.shown;
  }

  /* Rows keep to their own body, so that rows out of the ranking stay below it; what has no value comes last. */
  function compare(a, b) { return a < b ? -1 : a > b ? 1 : 0; }
  function picked(model) {
    var rows = model.rows.filter(function (row) {
      return model.words.every(function (word) { return wordsOf(row).indexOf(word) >= 0; });
    });
    if (!model.key) { return rows; }
    rows.forEach(function (row) { row.value = valueOf(model, row, model.key); });
    return rows.sort(function (a, b) {
      if (a.body !== b.body) { return a.body - b.body; }
      if (a.value === null || b.value === null) { return (a.value === null) - (b.value === null) || a.at - b.at; }
      return model.sign * compare(a.value, b.value) || a.at - b.at;
    });
  }
  function show(table) {
    var model = modelOf(table), rows = picked(model), pages = Math.max(1, Math.ceil(rows.length / model.size));
    model.page = Math.min(model.page, pages - 1);
    var first = model.page * model.size, seen = rows.slice(first, first + model.size);
    Array.prototype.forEach.call(table.tBodies, function (body, at) {
      var own = seen.filter(function (row) { return row.body === at; }).map(function (row) { return rowOf(model, row); });
      var section = body.rows.length && isSection(body.rows[0]) ? [body.rows[0]] : [];
      section.forEach(function (row) { row.hidden = !own.length; });
      body.replaceChildren.apply(body, section.concat(own));
    });
    if (model.data) { turner(table, model, pages, first, seen.length, rows.length); }
    return rows.length;
  }
  function buttonOf(table, key) {
    return Array.prototype.find.call(table.tHead.querySelectorAll("button"), function (one) { return one.dataset.key === key; });
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
    say("Sorted by " + button.textContent + ", " + (order === "desc" ? "descending" : "ascending"));
  }
  function onHead(table, button) {
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

  /* Turning the pages of a long table. */
  function turner(table, model, pages, first, seen, all) {
    if (!model.turner) {
      model.turner = make("p", "turner");
      model.said = make("span");
      model.back = turn(table, model, "Previous", -1);
      model.on = turn(table, model, "Next", 1);
      model.turner.append(model.back, model.said, model.on);
      table.parentElement.after(model.turner);
    }
    model.said.textContent = all ? "Rows " + (first + 1) + "\u2013" + (first + seen) + " of " + all : "No row has these words";
    model.back.disabled = model.page === 0;
    model.on.disabled = model.page >= pages - 1;
  }
  function turn(table, model, text, by) {
    var button = make("button", "", text);
    button.type = "button";
    button.addEventListener("click", function () {
      model.page += by;
      show(table);
      say(model.said.textContent);
      remember("page", model.page ? table.id + ":" + (model.page + 1) : "");
    });
    return button;
  }

  /* Filtering: rows of the tables marked for it that hold all the words. */
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
      say(filterRows(box.value) + " rows shown");
      remember("page", "");
      remember("filter", box.value);
    });
  }

  /* State lives in the address: #sort=table:column:asc&filter=words&page=table:2. */
  function recall() { return new URLSearchParams(location.hash.indexOf("=") > 0 ? location.hash.slice(1) : ""); }
  function remember(name, value) {
    var state = recall();
    if (value) { state.set(name, value); } else { state.delete(name); }
    history.replaceState(null, "", String(state) ? "#" + state : location.pathname + location.search);
  }
  function say(text) { document.getElementById("status").textContent = text; }
  function tableOf(name) {
    var table = document.getElementById(name);
    return table && table.tHead && table.classList.contains("sortable") && !table.dataset.whole ? table : null;
  }
  function fromAddress() {
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
        button.addEventListener("click", function () { onHead(table, button); });
      });
      if (table.dataset.rows) { show(table); }
    });
    filterBox();
    fromAddress();
    addEventListener("hashchange", fromAddress);
  });
})();
