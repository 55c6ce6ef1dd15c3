"""Every sentence that people read, in Chinese and in English."""
