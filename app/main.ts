import '@fontsource-variable/inter';
import '@fontsource-variable/jetbrains-mono';
import './ui/tokens.css';
import './ui/base.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { forgetToken } from './client/forget-token.ts';

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app');
forgetToken();
mount(App, { target });
