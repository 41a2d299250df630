"use strict";
const byId = (id) => document.getElementById(id);
const api = async (path, options) => {
  const answer = await fetch("/api/v1/" + path, options);
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.error || answer.statusText);
  return body;
};
const element = (name, text, properties) => Object.assign(document.createElement(name), { textContent: text ?? "", ...properties });

// What is in the form as it was sent: only what somebody changed goes back.
const before = new Map();

const field = (setting) => {
  const label = element("label", setting.name);
  const value = setting.value ?? "";
  let input;
  if (setting.choices) {
    input = element("select");
    for (const choice of setting.choices) input.append(element("option", choice, { value: choice }));
  } else {
    input = element("input", "", { type: setting.secret ? "password" : "text", autocomplete: "off" });
    input.placeholder = setting.secret ? (setting.given ? "(given)" : "") : setting.default;
    if (setting.name === "wifi-name") input.setAttribute("list", "networks");
    if (setting.between) Object.assign(input, { type: "number", min: setting.between[0], max: setting.between[1] });
  }
  input.name = setting.name;
  input.value = value;
  before.set(setting.name, value);
  label.append(element("small", setting.about), input);
  return label;
};

const loadSettings = async () => {
  byId("fields").replaceChildren(...(await api("settings")).map(field));
  const networks = await api("networks");
  byId("networks").replaceChildren(...networks.map(({ name, rssi_dbm }) => element("option", `${rssi_dbm} dBm`, { value: name })));
};

const refresh = async () => {
  try {
    const health = await api("health");
    byId("sentence").textContent = health.sentence;
    const { name } = health.meters[0];
    const last = await api(`meters/${encodeURIComponent(name)}/last`);
    byId("now").hidden = false;
    byId("power").textContent = last.values.power_net_w ?? "–";
    const rows = Object.entries(last.values).map(([key, value]) => {
      const row = element("tr");
      row.append(element("th", key), element("td", value));
      return row;
    });
    byId("values").replaceChildren(...rows);
  } catch (error) {
    // Before the first telegram the sentence above says why there is none.
    if (error instanceof TypeError) byId("sentence").textContent = "The board does not answer.";
  }
};

const doing = (form, output, act) =>
  byId(form).addEventListener(form === "settings" || byId(form).tagName === "FORM" ? "submit" : "click", async (event) => {
    event.preventDefault();
    byId(output).textContent = "…";
    try {
      byId(output).textContent = await act(event.target);
    } catch (error) {
      byId(output).textContent = error.message;
    }
  });

doing("settings", "saved", async (form) => {
  const changed = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value !== before.get(name)) changed.append(name, value);
  await api("settings", { method: "POST", body: changed });
  await api("restart", { method: "POST" });
  return "Saved; the board starts anew.";
});
const upload = (path, done) => async (form) => {
  await api(path, { method: "POST", body: form.querySelector("input").files[0] });
  return done;
};
doing("update", "uploaded", upload("update", "Installed; it starts on trial."));
doing("certificate", "certified", upload("certificate", "Kept; used from the next start on."));
doing("restart", "restarted", async () => {
  await api("restart", { method: "POST" });
  return "The board starts anew.";
});
doing("forget", "restarted", async () => {
  if (!confirm("Settings, keys and quarter-hours will be gone.")) return "";
  await api("forget", { method: "POST" });
  return "As delivered.";
});

loadSettings();
refresh();
// In the first setup there is nothing but the settings.
api("meters").then(() => { byId("more").hidden = false; }).catch(() => {});
setInterval(refresh, 5000);
