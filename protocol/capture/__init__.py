"""Captures of a wire as pcapng files: `Recorder` writes them, `CaptureReader` reads them; neither does input or output itself."""
