/** The password, when the daemon asks for one. */
import { api, ApiError } from '../api';
import { add, h, setText } from '../dom';
import { texts } from '../texts';

const t = texts.login;

export function loginPage(done: () => void): HTMLElement {
  const password = h('input', { type: 'password', id: 'password', name: 'password', class: 'field', autocomplete: 'current-password', required: true });
  const submit = h('button', { type: 'submit', class: 'button is-main' }, t.submit);
  const error = h('p', { class: 'error', role: 'alert' });

  async function send(event: Event): Promise<void> {
    event.preventDefault();
    submit.disabled = true;
    setText(error, '');
    try {
      await api.login(password.value);
      done();
    } catch (failure) {
      setText(error, failure instanceof ApiError && failure.status > 0 ? failure.message : t.noAnswer);
      submit.disabled = false;
      password.select();
    }
  }

  const form = h('form', { class: 'card login', submit: (event) => void send(event) });
  add(form, h('h1', {}, t.title), h('p', {}, t.hint),
    h('label', { for: 'password' }, t.password), password, error, submit);
  queueMicrotask(() => password.focus());
  return form;
}
