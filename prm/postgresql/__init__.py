"""Django's PostgreSQL backend with fewer messages to the server: no ``SELECT 1`` a request, and scopes told with the next statement."""
