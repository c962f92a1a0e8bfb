import './nonce';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './App';
import { Settings } from './settings';
import './base.css';

// the address of the platform alone is that of its console
if (!location.pathname.startsWith('/console')) history.replaceState(null, '', `/console/${location.hash}`);

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <Settings>
      <App />
    </Settings>
  </StrictMode>,
);
