"""The doors that clients of OpenAI already speak, under ``/v1``; a package each, and what they share."""
