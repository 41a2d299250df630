import './style.css';
import './accounts.css';
import { startApp } from './app';

const host = document.getElementById('app');
if (host) startApp(host);
